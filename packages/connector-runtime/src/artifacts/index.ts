export { type ArtifactRegistry, createArtifactRegistry } from './artifact-registry.ts';
export type { Quarantine } from './quarantine.ts';
export { createTrustFile } from './trust-file.ts';
export { createTrustWatch } from './trust-watch.ts';
