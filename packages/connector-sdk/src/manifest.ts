import * as z from 'zod';
import { ENGINE_RANGE, VERSION } from './engine-range.ts';
import { SdkError } from './errors.ts';
import { type JsonSchema, toJsonSchema } from './schema.ts';
import { parseJsonStrict } from './strict-json.ts';

/** Where editors find the JSON Schema of `manifest.json`. */
export const MANIFEST_SCHEMA_ID = 'urn:org:connector-manifest:v1';
export const MANIFEST_VERSION = 1;

const text = (least: number, most: number) => z.string().min(least).max(most);

/** Not the one lower-case name that every object has: a look-up would find it where nothing is declared. */
const key = z.string().regex(/^(?!constructor$)[a-z][a-z0-9-]{1,60}$/);
const scope = z.string().regex(/^(?!constructor$)[a-z][a-z0-9.:_-]{1,60}$/);
const title = text(1, 120);
const description = text(1, 2000);
const version = z.string().regex(VERSION, 'must be a version such as 1.4.0 or 2.0.0-rc.1');
const headerName = z.string().regex(/^[A-Za-z0-9-]{1,100}$/);
const template = text(1, 500);
const deprecated = z.strictObject({ since: version, use: text(1, 120).optional() }).optional();
const scopeList = z.array(scope).max(50);
const jsonSchema = z.looseObject({ $schema: z.literal('https://json-schema.org/draft/2020-12/schema') });
const toleranceSeconds = z.int().min(1).max(3600).optional();

const fieldName = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/);

const verification = z.discriminatedUnion('scheme', [
  z.strictObject({ scheme: z.literal('slack-v0'), toleranceSeconds }),
  z.strictObject({ scheme: z.literal('github-sha256') }),
  z.strictObject({
    scheme: z.enum(['hmac-sha256', 'hmac-sha512']),
    signatureHeader: headerName,
    fields: z
      .strictObject({
        signature: fieldName,
        timestamp: fieldName.optional(),
        separator: z.enum([',', ';', ' ']).optional(),
      })
      .optional(),
    prefix: text(0, 40).optional(),
    encoding: z.enum(['hex', 'base64', 'base64url']),
    payload: text(1, 200).regex(/\{body\}/, 'must hold {body}'),
    timestampHeader: headerName.optional(),
    idHeader: headerName.optional(),
    toleranceSeconds,
  }),
  z.strictObject({ scheme: z.literal('standard-webhooks'), version: z.enum(['v1', 'v1a']), toleranceSeconds }),
  z.strictObject({ scheme: z.literal('shared-secret-header'), header: headerName }),
]);

const reception = z.strictObject({
  verification,
  contentTypes: z
    .array(z.string().regex(/^[a-z0-9.+-]+\/[a-z0-9.+-]+$/))
    .min(1)
    .max(10),
  deliveryId: z.union([
    z.strictObject({ header: headerName }),
    z.strictObject({
      pointer: text(1, 200).regex(/^(?:\/[^/]+)+$/u, 'must be a JSON pointer such as /event/id'),
    }),
    z.strictObject({ digest: z.literal('body') }),
  ]),
  handshake: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('slack-url-verification') }),
      z.strictObject({ kind: z.literal('header-value'), header: headerName, value: text(1, 100) }),
    ])
    .optional(),
  maxBodyBytes: z.int().min(1).max(26_214_400),
  headers: z
    .array(z.string().regex(/^[a-z0-9-]{1,100}$/))
    .max(20)
    .optional(),
});

const auth = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('oauth2'),
    title,
    grants: z
      .array(z.enum(['authorization_code', 'client_credentials', 'jwt_bearer', 'refresh_token']))
      .min(1)
      .max(4),
    issuer: template.optional(),
    authorizationUrl: template.optional(),
    tokenUrl: template,
    revocationUrl: template.optional(),
    clientAuthentication: z.enum(['basic', 'post', 'private_key_jwt']).optional(),
    scopeStyle: z.enum(['space', 'comma', 'none']).optional(),
  }),
  z.strictObject({ kind: z.literal('basic'), title }),
  z.strictObject({ kind: z.literal('api_key'), title, header: headerName, prefix: text(0, 40).optional() }),
  z.strictObject({ kind: z.literal('custom'), title, hosts: z.array(template).max(20), secret: jsonSchema }),
]);

const action = z.strictObject({
  title,
  description,
  effect: z.enum(['read', 'write']),
  risk: z.enum(['low', 'medium', 'high', 'critical']),
  scopes: scopeList,
  idempotency: z.strictObject({
    mode: z.enum(['safe', 'natural', 'key', 'marker', 'none']),
    settleSeconds: z.int().min(0).max(86_400).optional(),
    resolve: z.boolean(),
  }),
  /** How a finished write is reversed, and by which action of this connector; null when it is not. */
  reversible: z.strictObject({ by: z.enum(['undo', 'compensation']), action: key }).nullable(),
  timeoutMs: z.int().min(1).max(900_000),
  input: jsonSchema,
  output: jsonSchema,
  deprecated,
});

const trigger = z.strictObject({
  title,
  description,
  scopes: scopeList,
  event: jsonSchema,
  webhook: reception.optional(),
  polling: z
    .strictObject({ intervalSeconds: z.int().min(1).max(86_400), overlapSeconds: z.int().min(0).max(86_400) })
    .optional(),
  deprecated,
});

const approvalChannel = z.strictObject({
  title,
  description,
  scopes: scopeList,
  target: jsonSchema,
  interaction: reception,
  /** Rules may name groups of its vendor; these scopes are needed where one does. */
  groups: z.strictObject({ scopes: scopeList }).optional(),
  deprecated,
});

/** `manifest.json`: everything a connector declares, as data. Derived from code by {@link deriveManifest}, never written by hand. */
export const manifestSchema = z.strictObject({
  $schema: z.literal(MANIFEST_SCHEMA_ID),
  manifestVersion: z.literal(MANIFEST_VERSION),
  id: z.string().regex(/^(?!constructor$)[a-z][a-z0-9-]{1,40}$/),
  version,
  publisher: z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/),
  title,
  description,
  engines: z.strictObject({
    runtime: z.string().regex(ENGINE_RANGE, 'must be a range such as >=1.2.0 or ^1.2.0 || ^2.0.0'),
  }),
  deprecated,
  scopes: z.record(scope, z.strictObject({ title, description, provider: z.array(text(1, 200)).max(50) })),
  connection: z.strictObject({
    config: jsonSchema,
    auth: z.record(key, auth),
    allowedHosts: z.array(template).min(1).max(50),
    baseUrl: template,
    rateLimit: z.strictObject({ requestsPerMinute: z.int().min(1), concurrency: z.int().min(1) }),
  }),
  actions: z.record(key, action),
  triggers: z.record(key, trigger),
  approvalChannels: z.record(key, approvalChannel),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestAction = Manifest['actions'][string];
export type ManifestTrigger = Manifest['triggers'][string];
export type ManifestApprovalChannel = Manifest['approvalChannels'][string];
export type ManifestAuth = Manifest['connection']['auth'][string];
export type ManifestReception = NonNullable<ManifestTrigger['webhook']>;

/** The JSON Schema (2020-12) of `manifest.json`, for editors and other languages. */
export function manifestJsonSchema(): JsonSchema {
  const { $schema, ...body } = toJsonSchema(manifestSchema, 'input', 'manifest');
  return { $schema, $id: MANIFEST_SCHEMA_ID, ...body };
}

/**
 * Reads the exact bytes of a `manifest.json`.
 *
 * @throws SdkError `JSON_*` | `MANIFEST_VERSION_UNKNOWN` | `MANIFEST_INVALID` (details.issues: `{ path: (string | number)[], message }[]`)
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const value = parseJsonStrict(bytes);
  const known =
    typeof value === 'object' && value !== null ? (value as { manifestVersion?: unknown }).manifestVersion : undefined;
  if (known !== undefined && known !== MANIFEST_VERSION) {
    throw new SdkError(
      'MANIFEST_VERSION_UNKNOWN',
      `manifestVersion ${JSON.stringify(known)} is not known here: this release reads version ${MANIFEST_VERSION}`,
    );
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  // Paths stay lists: keys of a manifest may hold dots.
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.map(pathPart), message }));
  const [first] = issues;
  throw new SdkError(
    'MANIFEST_INVALID',
    `the manifest does not fit its schema at ${first?.path.join('.') || 'its top'}: ${first?.message ?? 'unknown'}`,
    { details: { issues } },
  );
}

function pathPart(part: PropertyKey): string | number {
  return typeof part === 'symbol' ? String(part) : part;
}
