import * as z from 'zod';

/** The account a connection is bound to. Plain http is for emulators on this machine only. */
export const config = z.strictObject({
  instanceUrl: z
    .string()
    .max(255)
    .regex(/^(?:https:\/\/[A-Za-z0-9][A-Za-z0-9.-]*|http:\/\/(?:127\.0\.0\.1|localhost))(?::\d{1,5})?\/?$/)
    .overwrite(trimTrailingSlash)
    .describe('The instance, for example https://example.service-now.com. Without a path.'),
});

export type ServiceNowConfig = z.infer<typeof config>;

/** Also for configs that were checked by JSON Schema only, which trims nothing. */
export function trimTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
