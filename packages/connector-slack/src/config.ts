import * as z from 'zod';

/** The workspace a connection is bound to. Plain http is for emulators on this machine only. */
export const config = z.strictObject({
  apiUrl: z
    .string()
    .max(255)
    .regex(/^(?:https:\/\/[A-Za-z0-9][A-Za-z0-9.-]*|http:\/\/(?:127\.0\.0\.1|localhost))(?::\d{1,5})?\/(?:[\w-]+\/)*$/)
    .default('https://slack.com/api/')
    .describe('Where the Web API is, with a slash at its end.'),
  teamId: z
    .string()
    .regex(/^[TE][A-Z0-9]{2,30}$/)
    .describe('The id of the workspace, for example T0123456789.'),
});

export type SlackConfig = z.infer<typeof config>;
