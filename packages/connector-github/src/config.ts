import * as z from 'zod';

/** Each is a request of every poll; an installation has 5,000 an hour, for everything. */
export const MAX_REPOSITORIES = 50;

/** The installation of a GitHub App that a connection is bound to. Plain http is for emulators on this machine only. */
export const config = z.strictObject({
  apiUrl: z
    .string()
    .max(255)
    .regex(
      /^(?:https:\/\/[A-Za-z0-9][A-Za-z0-9.-]*|http:\/\/(?:127\.0\.0\.1|localhost))(?::\d{1,5})?(?:\/api\/v3)?\/?$/,
    )
    .overwrite(trimTrailingSlash)
    .default('https://api.github.com')
    .describe('The REST API; for GitHub Enterprise Server https://HOST/api/v3.'),
  appId: z.int().min(1).describe('The App ID, from the settings of the GitHub App.'),
  installationId: z.int().min(1).describe('The installation of the App in the organisation.'),
  repositories: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/))
    .min(1)
    .max(MAX_REPOSITORIES)
    .optional()
    .describe(
      'What polling watches, as owner/name; absent: all repositories of the installation, if they are that few.',
    ),
});

export type GitHubConfig = z.infer<typeof config>;

/** Also for configs that were checked by JSON Schema only, which trims nothing. */
export function trimTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
