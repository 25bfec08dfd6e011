import { resolve } from 'node:path';
import { type ArtifactFiles, CODE_FILE, MANIFEST_FILE, subjectDigest } from '@org/connector-artifact';
import { type Manifest, parseManifest } from '@org/connector-sdk';
import { CliError } from '../errors.ts';
import { readBytes } from '../files.ts';
import { type Bundle, bundleConnector } from './bundle.ts';
import { deriveInChild } from './derive-in-child.ts';
import { readPackageConfig } from './package-config.ts';

const EXTRA_FILES = ['README.md', 'LICENSE', 'icon.svg'] as const;

export interface BuildConnectorOptions {
  /** The connector's package: the folder of its `package.json`. */
  readonly folder: string;
  /** Further `exports` conditions by which imports are resolved. */
  readonly conditions?: readonly string[];
}

export interface BuiltConnector {
  /** As in its `package.json`. */
  readonly packageName: string;
  /** The artifact, not yet signed. */
  readonly files: ArtifactFiles;
  readonly manifest: Manifest;
  /** `sha256:<hex>` over all files. */
  readonly digest: string;
  readonly bundle: Omit<Bundle, 'code'>;
}

/**
 * Builds the artifact of a connector package, in memory.
 * @throws CliError `BUILD_*`, `CLI_FILE_*`.
 */
export async function buildConnector({ folder, conditions = [] }: BuildConnectorOptions): Promise<BuiltConnector> {
  const root = resolve(folder);
  const config = await readPackageConfig(root);
  const { code, ...bundle } = await bundleConnector(root, config, conditions);
  const manifestText = await deriveInChild(root, code, config.version, conditions);
  const files = new Map<string, Uint8Array>([
    [MANIFEST_FILE, Buffer.from(manifestText)],
    [CODE_FILE, Buffer.from(code)],
  ]);
  for (const name of EXTRA_FILES) {
    const bytes = await readOptional(resolve(root, name));
    if (bytes) files.set(name, bytes);
  }
  const manifest = parseManifest(Buffer.from(manifestText));
  return { packageName: config.name, files, manifest, digest: subjectDigest(files), bundle };
}

async function readOptional(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readBytes(path, 'The file', 1_000_000);
  } catch (error) {
    if (error instanceof CliError && error.code === 'CLI_FILE_MISSING') return undefined;
    throw error;
  }
}
