export { type ArtifactRegistry, createArtifactRegistry } from './artifact-registry.ts';
export { createTrustFile } from './trust-file.ts';
