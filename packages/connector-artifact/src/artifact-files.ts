import { ArtifactError } from './errors.ts';

/** An artifact in memory: file name → bytes. Nothing in this package ever writes one to disk. */
export type ArtifactFiles = ReadonlyMap<string, Uint8Array>;

/** Bounds of everything that is read. All sizes in bytes. */
export interface ArtifactLimits {
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
  readonly maxFiles: number;
  /** Unpacked bytes per packed byte of a `.tgz`. */
  readonly maxCompressionRatio: number;
}

/** Connectors are some 100 KB of code; these leave room for a hundred times that, and bound what a stranger can make us hold. */
export const defaultArtifactLimits: ArtifactLimits = {
  maxFileBytes: 16 * 1024 * 1024,
  maxTotalBytes: 32 * 1024 * 1024,
  maxFiles: 32,
  maxCompressionRatio: 100,
};

export const MANIFEST_FILE = 'manifest.json';
export const CODE_FILE = 'connector.mjs';
const REQUIRED = [MANIFEST_FILE, CODE_FILE] as const;
const CONTENT_NAMES: ReadonlySet<string> = new Set([...REQUIRED, 'README.md', 'LICENSE', 'icon.svg', 'sbom.cdx.json']);
const SIGNATURE_NAME = /^signatures\/([0-9a-f]{64})\.sigstore\.json$/;

/** The name under which the bundle of a key lies in the artifact. */
export function signatureFileName(keyId: string): string {
  return `signatures/${keyId}.sigstore.json`;
}

/** The key id in the name of a signature file, or `undefined` for any other file. */
export function keyIdOfSignatureFile(name: string): string | undefined {
  return SIGNATURE_NAME.exec(name)?.[1];
}

/** True for the names that an artifact can hold. */
export function isArtifactFileName(name: string): boolean {
  return CONTENT_NAMES.has(name) || SIGNATURE_NAME.test(name);
}

/**
 * Refuses a name that an artifact cannot hold. Names are compared byte for byte with a closed list, which leaves no
 * room for another spelling of the same file (case, `./`, Unicode, trailing dots).
 * @throws ArtifactError `ARTIFACT_PATH_UNSAFE` (absolute, `..`, backslash, NUL, drive letter) or `ARTIFACT_FILE_EXTRA`.
 */
export function checkFileName(name: string): void {
  const shown = JSON.stringify(name.slice(0, 200));
  const parts = name.split('/');
  if (/[\\\0]/.test(name) || /^[a-z]:/i.test(name) || parts.includes('..') || parts.includes('')) {
    throw new ArtifactError('ARTIFACT_PATH_UNSAFE', `The path ${shown} is not allowed in an artifact; pack it again`, {
      details: { file: name },
    });
  }
  if (!isArtifactFileName(name)) {
    throw new ArtifactError('ARTIFACT_FILE_EXTRA', `An artifact has no file ${shown}; remove it and pack again`, {
      details: { file: name },
    });
  }
}

/**
 * A private copy of an artifact's files whose names, count and sizes are in order. Whatever is decided about the copy
 * stays true of it, also when the caller's arrays change afterwards.
 * @throws ArtifactError `ARTIFACT_PATH_UNSAFE`, `ARTIFACT_FILE_EXTRA`, `ARTIFACT_FILE_MISSING`, `ARTIFACT_TOO_LARGE`.
 */
export function copyFiles(files: ArtifactFiles, limits: ArtifactLimits = defaultArtifactLimits): ArtifactFiles {
  const copy = new Map<string, Uint8Array>();
  const add = fileCollector(copy, limits);
  for (const [name, bytes] of files) add(name, new Uint8Array(bytes));
  for (const name of REQUIRED) {
    if (!copy.has(name)) {
      throw new ArtifactError('ARTIFACT_FILE_MISSING', `The artifact has no ${name}; build it again`, {
        details: { file: name },
      });
    }
  }
  return copy;
}

/** Adds files to `into` one by one and refuses at the first that breaks a limit, a name rule or comes twice. */
export function fileCollector(into: Map<string, Uint8Array>, limits: ArtifactLimits) {
  let total = 0;
  return (name: string, bytes: Uint8Array): void => {
    checkFileName(name);
    if (into.has(name)) {
      throw new ArtifactError('ARTIFACT_FILE_DUPLICATE', `The artifact holds ${name} twice; pack it again`, {
        details: { file: name },
      });
    }
    total += bytes.byteLength;
    if (into.size >= limits.maxFiles) throw tooLarge(name, `more than ${limits.maxFiles} files`);
    if (bytes.byteLength > limits.maxFileBytes) throw tooLarge(name, `a file of over ${limits.maxFileBytes} bytes`);
    if (total > limits.maxTotalBytes) throw tooLarge(name, `over ${limits.maxTotalBytes} bytes in total`);
    into.set(name, bytes);
  };
}

/** The error for a broken limit. */
export function tooLarge(file: string, what: string): ArtifactError {
  return new ArtifactError('ARTIFACT_TOO_LARGE', `The artifact has ${what} (at ${file}); make it smaller`, {
    details: { file },
  });
}

/** Files that a signature covers (all but the signatures), sorted by name. */
export function contentFiles(files: ArtifactFiles): [name: string, bytes: Uint8Array][] {
  return [...files].filter(([name]) => keyIdOfSignatureFile(name) === undefined).sort(([a], [b]) => (a < b ? -1 : 1));
}
