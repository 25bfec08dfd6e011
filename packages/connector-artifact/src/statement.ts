import { hash } from 'node:crypto';
import { canonicalJson, parseJsonStrict } from '@org/connector-sdk';
import { z } from 'zod';
import { type ArtifactFiles, contentFiles } from './artifact-files.ts';
import { ArtifactError } from './errors.ts';
import { VERSION_PATTERN } from './version.ts';

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PREDICATE_TYPE = 'urn:org:connector-artifact:v1';

const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        digest: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
      }),
    )
    .min(1)
    .max(100),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.strictObject({
    id: z.string().min(1).max(100),
    version: z.string().max(64).regex(VERSION_PATTERN),
    publisher: z.string().min(1).max(100),
    /** When the signer says it signed; nobody else vouches for it. */
    signedAt: z.iso.datetime(),
  }),
});

/** What is signed: an in-toto Statement v1 over every file that is not itself a signature. */
export type Statement = z.infer<typeof statementSchema>;
export type Subject = Statement['subject'][number];
export type StatementPredicate = Statement['predicate'];

/** Name and SHA-256 of every signed file, sorted by name. */
export function listSubjects(files: ArtifactFiles): Subject[] {
  return contentFiles(files).map(([name, bytes]) => ({
    name,
    digest: { sha256: hash('sha256', bytes, 'hex') },
  }));
}

/**
 * The artifact's digest: `sha256:` and the SHA-256 of the subject list in canonical JSON (RFC 8785). It does not depend
 * on who signed, on how the artifact is packed, or on file times.
 */
export function subjectDigest(files: ArtifactFiles): string {
  return digestOfSubjects(listSubjects(files));
}

/** The same from a list that was made already. */
export function digestOfSubjects(subjects: readonly Subject[]): string {
  return `sha256:${hash('sha256', canonicalJson(subjects), 'hex')}`;
}

/** The payload to sign, in canonical JSON. */
export function writeStatement(files: ArtifactFiles, predicate: StatementPredicate): Uint8Array {
  const statement: Statement = {
    _type: STATEMENT_TYPE,
    subject: listSubjects(files),
    predicateType: PREDICATE_TYPE,
    predicate,
  };
  return Buffer.from(canonicalJson(statementSchema.parse(statement)));
}

/**
 * Reads a payload whose signature was verified.
 * @throws ArtifactError `ARTIFACT_STATEMENT_INVALID`: signed, but for something else than a connector artifact.
 */
export function parseStatement(payload: Uint8Array, keyId: string): Statement {
  let json: unknown;
  try {
    json = parseJsonStrict(payload);
  } catch (cause) {
    throw invalid(keyId, 'it is not strict JSON', cause);
  }
  const { data, error } = statementSchema.safeParse(json);
  if (error) throw invalid(keyId, z.prettifyError(error).replaceAll('\n', ' '), error);
  const names = data.subject.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw invalid(keyId, 'it lists a file twice');
  return data;
}

function invalid(keyId: string, why: string, cause?: unknown): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_STATEMENT_INVALID',
    `What key ${keyId} signed is no connector artifact: ${why}; sign with \`connector sign\``,
    { details: { keyId }, cause },
  );
}
