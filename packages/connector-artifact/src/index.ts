export {
  type ArtifactFiles,
  type ArtifactLimits,
  CODE_FILE,
  defaultArtifactLimits,
  isArtifactFileName,
  keyIdOfSignatureFile,
  MANIFEST_FILE,
  signatureFileName,
} from './artifact-files.ts';
export { locateArtifact } from './artifact-package.ts';
export type { VerifyOptions } from './check-trust.ts';
export { compareSubjects } from './compare-subjects.ts';
export { ArtifactError, type ArtifactErrorCode } from './errors.ts';
export { explainTrust, type SignatureVerdict, type TrustExplanation } from './explain-trust.ts';
export { createKeySigner, generateKeyPair, type KeyPair, type Signer } from './key-pair.ts';
export { packArtifact } from './pack-artifact.ts';
export { type PublicKey, parsePublicKey } from './public-key.ts';
export { readArtifact, readArtifactBytes } from './read-artifact.ts';
export { parseArtifactManifest, signArtifact } from './sign-artifact.ts';
export {
  BUNDLE_MEDIA_TYPE,
  PAYLOAD_TYPE,
  parseBundle,
  preAuthenticationEncoding,
  type SignatureBundle,
} from './sigstore-bundle.ts';
export {
  listSubjects,
  PREDICATE_TYPE,
  parseStatement,
  type Statement,
  type StatementPredicate,
  type Subject,
  subjectDigest,
} from './statement.ts';
export {
  parseTrustFile,
  parseTrustPolicy,
  type TrustedKey,
  type TrustedPublisher,
  type TrustFile,
  type TrustPolicy,
} from './trust-policy.ts';
export { type VerifiedArtifact, verifyArtifact } from './verify-artifact.ts';
export { verifySignature } from './verify-signature.ts';
export { isOlderVersion, VERSION_PATTERN } from './version.ts';
export { writeTrustFile } from './write-trust-file.ts';
