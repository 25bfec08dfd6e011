import type { Manifest } from '@org/connector-sdk';
import { type Finding, type Profile, type Rule, toPointer, validateManifest } from '@org/connector-sdk/validation';
import { describeError, type ErrorDescription } from '../describe-error.ts';
import { exitCodeOf } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import type { Input, Unreadable } from './inputs.ts';
import { type Place, placesIn } from './place.ts';
import { connectorIdOf } from './previous-manifests.ts';
import { readArtifactManifest, readManifestFile, readStandardInput } from './read-manifest.ts';
import { repairFile } from './repair-file.ts';

export interface PlacedFinding extends Finding {
  /** Where in the manifest, as a JSON pointer (RFC 6901). */
  readonly pointer: string;
  /** Where in the file; absent when the manifest is not a file by itself. */
  readonly place?: Place;
}

/** What is known of one file after the check. */
export interface CheckedManifest {
  readonly file: string;
  readonly findings: readonly PlacedFinding[];
  /** What `--fix` mended. */
  readonly repaired: readonly Finding[];
  /** Why there was nothing to check, and the exit code that this asks for. */
  readonly error?: ErrorDescription & { readonly exitCode: number };
}

export interface CheckOptions {
  readonly profile: Profile;
  readonly rules: readonly Rule[];
  /** Manifests of earlier releases, by connector id. */
  readonly previous: ReadonlyMap<string, Manifest>;
  readonly fix: boolean;
}

/** Checks one input; that it can't be read is an outcome like others. */
export async function checkInput(
  input: Input | Unreadable,
  options: CheckOptions,
  terminal: Pick<Terminal, 'readInput'> = {},
): Promise<CheckedManifest> {
  const file = input.shown;
  try {
    if (input.kind === 'unreadable') throw input.error;
    const bytes =
      input.kind === 'manifest'
        ? readManifestFile(input)
        : await (input.kind === 'stdin' ? readStandardInput(terminal) : readArtifactManifest(input));
    return await checkBytes(input, bytes, options);
  } catch (error) {
    const exitCode = exitCodeOf(error);
    return { file, findings: [], repaired: [], error: { ...describeError(error), exitCode } };
  }
}

async function checkBytes(input: Input, bytes: Uint8Array, options: CheckOptions): Promise<CheckedManifest> {
  const { profile, rules, previous: releases, fix } = options;
  const previous = releases.size > 0 ? releases.get(connectorIdOf(bytes) ?? '') : undefined;
  const how = { profile, rules, ...(previous ? { previous } : {}) };
  const repair = fix ? await repairFile(input, bytes, how) : { bytes, repaired: [] };
  const findings = validateManifest(repair.bytes, how);
  const places =
    findings.length > 0 && input.kind !== 'artifact'
      ? placesIn(
          repair.bytes,
          findings.map(({ path }) => path),
        )
      : [];
  return {
    file: input.shown,
    repaired: repair.repaired,
    findings: findings.map((finding, index) => {
      const place = places[index];
      return { ...finding, pointer: toPointer(finding.path), ...(place ? { place } : {}) };
    }),
  };
}
