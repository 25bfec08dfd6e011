import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as z from 'zod';

export interface WebhookExample {
  /** What stands in `X-GitHub-Event`. */
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const releases = ['api.github.com', 'ghes-31', 'ghes-32', 'ghes-33', 'ghes-34', 'ghes-35'];
const file = z.array(z.object({ name: z.string(), examples: z.array(z.record(z.string(), z.unknown())) }));

/** Every payload of `@octokit/webhooks-examples`: of github.com and of five releases of Enterprise Server. */
export function readWebhookExamples(): WebhookExample[] {
  const require = createRequire(import.meta.url);
  // The package's main file is that of github.com.
  const folder = dirname(dirname(require.resolve('@octokit/webhooks-examples')));
  return releases.flatMap((release) =>
    file
      .parse(JSON.parse(readFileSync(join(folder, release, 'index.json'), 'utf8')))
      .flatMap(({ name, examples }) => examples.map((payload) => ({ event: name, payload }))),
  );
}
