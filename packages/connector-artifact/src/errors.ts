import { ConnectorError } from '@org/connector-sdk';

/** Every reason for which an artifact, a key, a signature or a trust policy is refused. Stable: safe to switch on. */
export type ArtifactErrorCode =
  // Reading
  | 'ARTIFACT_NOT_FOUND'
  | 'ARTIFACT_ACCESS_FAILED'
  | 'ARTIFACT_UNREADABLE'
  | 'ARTIFACT_TOO_LARGE'
  | 'ARTIFACT_PATH_UNSAFE'
  | 'ARTIFACT_FILE_TYPE'
  | 'ARTIFACT_FILE_DUPLICATE'
  | 'ARTIFACT_PACKAGE_INVALID'
  // The file set against what was signed
  | 'ARTIFACT_FILE_MISSING'
  | 'ARTIFACT_FILE_EXTRA'
  | 'ARTIFACT_MODIFIED'
  // Signatures
  | 'ARTIFACT_UNSIGNED'
  | 'ARTIFACT_SIGNATURE_INVALID'
  | 'ARTIFACT_STATEMENT_INVALID'
  | 'ARTIFACT_STATEMENT_MISMATCH'
  | 'ARTIFACT_SIGNED_IN_FUTURE'
  // Keys and trust
  | 'ARTIFACT_UNTRUSTED_SIGNER'
  | 'ARTIFACT_KEY_INVALID'
  | 'ARTIFACT_KEY_WEAK'
  | 'ARTIFACT_KEY_REVOKED'
  | 'ARTIFACT_KEY_EXPIRED'
  | 'ARTIFACT_KEY_NOT_YET_VALID'
  | 'ARTIFACT_PASSPHRASE_WRONG'
  | 'ARTIFACT_PUBLISHER_MISMATCH'
  | 'ARTIFACT_NOT_ALLOWED'
  | 'ARTIFACT_THRESHOLD_NOT_MET'
  | 'ARTIFACT_VERSION_TOO_OLD'
  | 'ARTIFACT_TRUST_INVALID'
  | 'ARTIFACT_TRUST_EXPIRED'
  // Content, looked at only after the signature
  | 'ARTIFACT_MANIFEST_INVALID';

/** The one error class of this package. `details` names the file, the key or the publisher concerned. */
export class ArtifactError extends ConnectorError<ArtifactErrorCode> {}
