export { type AwsSecretsOptions, createAwsSecrets } from './aws-source.ts';
export { createReferencePolicies, type ReferencePolicies } from './reference-policies.ts';
export { createSecretReferences, type SecretReferences } from './secret-references.ts';
