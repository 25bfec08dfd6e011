import {
  ArtifactError,
  type ArtifactFiles,
  readArtifactBytes,
  signatureFileName,
  verifyArtifact,
} from '@org/connector-artifact';
import type { TestRelease } from './test-release.ts';

/** Counts what was tried and keeps what broke the promise. */
export interface Judge {
  /** These files must be refused, and the refusal must name one of `named`. */
  expectRefused(what: string, files: ArtifactFiles, named: readonly string[]): void;
  /** This archive must be refused, or hold exactly the files that were signed (archives can differ in what means nothing). */
  expectHarmless(what: string, tgz: Uint8Array): void;
  /** A refusal by one step of the verification. */
  expectThrown(what: string, step: () => void, file: string): void;
  /** The release itself is taken: a verifier that refuses everything would pass every test. */
  expectUntouched(): void;
  report(): { tried: number; violations: readonly string[]; codes: Record<string, number> };
}

const MOST_SHOWN = 50;

export function createJudge({ files, digest, trust, tgz, now }: TestRelease): Judge {
  const violations: string[] = [];
  const codes: Record<string, number> = {};
  let tried = 0;
  const verify = (candidate: ArtifactFiles) => verifyArtifact(candidate, trust, { now });

  function report(what: string): void {
    if (violations.length < MOST_SHOWN) violations.push(what);
  }

  /** `undefined` when nothing was thrown. Anything but our own error is a defect of its own. */
  function refusalOf(what: string, work: () => void): ArtifactError | undefined {
    tried += 1;
    try {
      work();
      return undefined;
    } catch (error) {
      if (!(error instanceof ArtifactError)) report(`${what}: ${String(error)} in place of a refusal`);
      else codes[error.code] = (codes[error.code] ?? 0) + 1;
      return error instanceof ArtifactError ? error : new ArtifactError('ARTIFACT_UNREADABLE', 'not ours');
    }
  }

  function requireNamed(what: string, refusal: ArtifactError | undefined, named: readonly string[]): void {
    const { file, keyId, keyIds } = refusal?.details ?? {};
    // A signature file is named by its key's id.
    const names = [file, keyId, ...(Array.isArray(keyIds) ? keyIds : [])].filter((name) => typeof name === 'string');
    const isNamed = named.some((name) => names.some((found) => name === found || name === signatureFileName(found)));
    if (refusal === undefined) report(`${what}: accepted`);
    else if (!isNamed && refusal.code !== 'ARTIFACT_UNSIGNED') {
      report(`${what}: ${refusal.code} does not name ${named.join(' or ')}`);
    }
  }

  return {
    expectRefused: (what, candidate, named) =>
      requireNamed(
        what,
        refusalOf(what, () => verify(candidate)),
        named,
      ),
    expectThrown: (what, step, file) => requireNamed(what, refusalOf(what, step), [file]),
    expectHarmless(what, candidate) {
      let taken: ArtifactFiles = new Map();
      const refusal = refusalOf(what, () => {
        taken = readArtifactBytes(candidate);
        if (verify(taken).digest !== digest) report(`${what}: accepted as another artifact`);
      });
      if (refusal === undefined && !sameFiles(taken, files)) report(`${what}: accepted with other files`);
    },
    expectUntouched() {
      if (verify(files).digest !== digest) report('the untouched release has another digest');
      if (verify(readArtifactBytes(tgz)).digest !== digest) report('the untouched archive has another digest');
    },
    report: () => ({ tried, violations, codes }),
  };
}

function sameFiles(a: ArtifactFiles, b: ArtifactFiles): boolean {
  return a.size === b.size && [...a].every(([name, bytes]) => Buffer.from(bytes).equals(b.get(name) ?? Buffer.of(0)));
}
