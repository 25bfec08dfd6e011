import { join } from 'node:path';
import { VERSION_PATTERN } from '@org/connector-artifact';
import { parseJsonStrict } from '@org/connector-sdk';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { readBytes } from '../files.ts';
import { builtinName, isAllowedBuiltin } from './builtin-policy.ts';

const packageSchema = z.object({
  name: z.string().min(1),
  version: z
    .string()
    .max(64)
    .regex(VERSION_PATTERN, 'it is no semantic version without build metadata, such as 1.4.0 or 2.0.0-rc.1'),
  connector: z
    .strictObject({
      /** The module whose default export is the connector. */
      entry: z.string().min(1).default('src/connector.ts'),
      /** Denied builtins that libraries import but this connector never calls. */
      stub: z.array(z.string()).default([]),
      /** Where the artifact lies in the published package; its readers look here, the build does not. */
      artifact: z.string().optional(),
    })
    .prefault({}),
});

export interface PackageConfig {
  readonly name: string;
  readonly version: string;
  readonly entry: string;
  /** Without `node:`. */
  readonly stubs: ReadonlySet<string>;
}

/**
 * What `package.json` says about the build.
 * @throws CliError `CLI_FILE_MISSING`, `BUILD_CONFIG_INVALID` naming the member.
 */
export async function readPackageConfig(folder: string): Promise<PackageConfig> {
  const path = join(folder, 'package.json');
  const bytes = await readBytes(path, 'The package', 1_000_000);
  let json: unknown;
  try {
    json = parseJsonStrict(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it is not JSON';
    throw new CliError('BUILD_CONFIG_INVALID', `${path} cannot be read: ${why}`, { cause });
  }
  const { data, error } = packageSchema.safeParse(json);
  if (error) {
    const issue = error.issues[0];
    const place = issue?.path.join('.') || 'its top';
    throw new CliError('BUILD_CONFIG_INVALID', `${path} is not valid at ${place}: ${issue?.message ?? 'unknown'}`, {
      cause: error,
    });
  }
  return {
    name: data.name,
    version: data.version,
    entry: data.connector.entry,
    stubs: readStubs(path, data.connector.stub),
  };
}

function readStubs(path: string, entries: readonly string[]): ReadonlySet<string> {
  const names = entries.map((entry) => {
    const name = builtinName(entry);
    if (name !== undefined && !isAllowedBuiltin(name)) return name;
    const why = name === undefined ? 'is no Node builtin' : 'needs no stub: connectors may use it';
    throw new CliError('BUILD_CONFIG_INVALID', `${path} is not valid at connector.stub: ${entry} ${why}`);
  });
  return new Set(names);
}
