import { createRequire } from 'node:module';
import type { Manifest } from '@org/connector-sdk';
import { satisfies } from 'semver';
import { z } from 'zod';
import { RuntimeError } from '../types/errors.ts';

/** By the package's own name: the same from source and from `dist`. */
const runtime = z
  .object({ version: z.string() })
  .parse(createRequire(import.meta.url)('@org/connector-runtime/package.json'));

/**
 * Refuses a connector that was not written for this runtime. A pre-release counts as what it comes before, so that a
 * candidate can be tried with connectors that ask for the release.
 *
 * @throws RuntimeError `ARTIFACT_ENGINE_UNSUPPORTED`
 */
export function checkEngine({ id, version, engines }: Manifest, running: string = runtime.version): void {
  const range = engines.runtime;
  const [release = running] = running.split('-');
  if (satisfies(release, range) || satisfies(running, range)) return;
  throw new RuntimeError(
    'ARTIFACT_ENGINE_UNSUPPORTED',
    `${id} ${version} is for runtime ${range}, and this is ${running}: use a version of one that fits the other`,
    { details: { id, version, range, runtime: running } },
  );
}
