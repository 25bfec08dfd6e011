import { z } from 'zod';
import { TestingError } from '../errors.ts';

const port = z.int().min(0).max(65_535).exactOptional();
const row = z.record(z.string(), z.string());
const file = z.strictObject({ path: z.string().min(1), content: z.string() });

/** The outbound webhook of the ServiceNow emulator. */
export const outboundTarget = z.strictObject({
  url: z.url(),
  secret: z.string(),
  includeOwn: z.boolean().exactOptional(),
});

/** What `dist/serve.js` reads. Every part is optional; ports are free ones and secrets are made at start unless given. */
const emulatorsConfig = z.strictObject({
  control: z.strictObject({ port }).exactOptional(),
  servicenow: z
    .strictObject({
      port,
      seed: z.record(z.string(), z.array(row)).exactOptional(),
      oauth: z
        .strictObject({
          clientId: z.string().min(1),
          clientSecret: z.string().min(1),
          refreshToken: z.string().min(1).exactOptional(),
          accessTokenSeconds: z.int().positive().exactOptional(),
          refreshReply: z.enum(['same', 'rotate', 'omit']).exactOptional(),
        })
        .exactOptional(),
      basic: z.strictObject({ user: z.string().min(1), password: z.string().min(1) }).exactOptional(),
      outbound: outboundTarget.exactOptional(),
    })
    .exactOptional(),
  slack: z
    .strictObject({
      port,
      botToken: z.string().min(1).exactOptional(),
      signingSecret: z.string().min(16).exactOptional(),
      team: z.strictObject({ name: z.string(), domain: z.string() }).exactOptional(),
      users: z.array(z.strictObject({ name: z.string(), realName: z.string().exactOptional() })).exactOptional(),
      channels: z.array(z.string().min(1)).exactOptional(),
    })
    .exactOptional(),
  github: z
    .strictObject({
      port,
      owner: z.string().min(1).exactOptional(),
      repositories: z
        .array(
          z.strictObject({
            name: z.string().min(1),
            private: z.boolean().exactOptional(),
            files: z.array(file).exactOptional(),
            issues: z
              .array(
                z.strictObject({
                  title: z.string().min(1),
                  body: z.string().exactOptional(),
                  labels: z.array(z.string()).exactOptional(),
                }),
              )
              .exactOptional(),
            pullRequests: z
              .array(
                z.strictObject({
                  title: z.string().min(1),
                  body: z.string().exactOptional(),
                  head: z.string().min(1),
                  files: z.array(file),
                }),
              )
              .exactOptional(),
          }),
        )
        .exactOptional(),
      app: z
        .strictObject({
          appId: z.int().positive().exactOptional(),
          installationId: z.int().positive().exactOptional(),
          privateKeyPem: z.string().exactOptional(),
          permissions: z.record(z.string(), z.enum(['read', 'write'])).exactOptional(),
        })
        .exactOptional(),
    })
    .exactOptional(),
});

export type EmulatorsConfig = z.infer<typeof emulatorsConfig>;

/** Reads a config's JSON text. Throws `CONFIG_INVALID`, which names the field. */
export function parseEmulatorsConfig(text: string): EmulatorsConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TestingError('CONFIG_INVALID', 'the emulators config is no JSON; give an object, {} for all defaults', {
      cause,
    });
  }
  const parsed = emulatorsConfig.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'the config';
  throw new TestingError('CONFIG_INVALID', `emulators config: ${where}: ${issue?.message ?? 'is invalid'}`);
}
