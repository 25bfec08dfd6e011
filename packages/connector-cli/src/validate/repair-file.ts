import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Repair, repairManifest, type ValidateOptions } from '@org/connector-sdk/validation';
import { CliError } from '../errors.ts';
import { replaceFile } from '../files.ts';
import type { Input, Unreadable } from './inputs.ts';

/** Mends what is safe to mend, in the file itself: whole or not at all, through links, and with the mode it has. */
export async function repairFile(input: Input, bytes: Uint8Array, options: ValidateOptions): Promise<Repair> {
  const repair = repairManifest(bytes, options);
  if (repair.repaired.length > 0) {
    const path = realpathSync(input.path);
    await replaceFile(path, repair.bytes, statSync(path).mode & 0o7777);
  }
  return repair;
}

/** Refuses `--fix` for what is not a manifest by itself, before anything is written. Throws `CLI_USAGE`. */
export function checkRepairable(inputs: readonly (Input | Unreadable)[]): void {
  for (const input of inputs) {
    if (input.kind === 'stdin') throw new CliError('CLI_USAGE', '--fix writes files; name one in place of `-`');
    if (input.kind === 'artifact' || (input.kind === 'manifest' && isInArtifact(input.path))) {
      const why = 'its manifest is signed byte for byte and comes from code; change the code and run `connector build`';
      throw new CliError('CLI_USAGE', `--fix never changes an artifact (${input.shown}): ${why}`);
    }
  }
}

function isInArtifact(path: string): boolean {
  return basename(path) === 'manifest.json' && existsSync(join(dirname(path), 'connector.mjs'));
}
