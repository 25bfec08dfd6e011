import { ArtifactError } from './errors.ts';
import type { Statement, Subject } from './statement.ts';

/**
 * Checks the file set both ways: every signed file is there unchanged, and there is no file that was not signed.
 * @param subjects of the files at hand, from `listSubjects`.
 * @throws ArtifactError `ARTIFACT_FILE_MISSING`, `ARTIFACT_MODIFIED`, `ARTIFACT_FILE_EXTRA`, with `details.file`.
 */
export function compareSubjects(statement: Pick<Statement, 'subject'>, subjects: readonly Subject[]): void {
  const actual = new Map(subjects.map(({ name, digest }) => [name, digest.sha256]));
  const signed = new Set<string>();
  for (const { name, digest } of statement.subject) {
    signed.add(name);
    const found = actual.get(name);
    if (found === undefined) {
      throw new ArtifactError('ARTIFACT_FILE_MISSING', `${name} was signed but is missing; fetch the artifact again`, {
        details: { file: name },
      });
    }
    if (found !== digest.sha256) {
      throw new ArtifactError('ARTIFACT_MODIFIED', `${name} is not what was signed; fetch the artifact again`, {
        details: { file: name, expected: digest.sha256, actual: found },
      });
    }
  }
  for (const name of actual.keys()) {
    if (signed.has(name)) continue;
    throw new ArtifactError('ARTIFACT_FILE_EXTRA', `${name} was not signed; remove it or sign the artifact again`, {
      details: { file: name },
    });
  }
}
