export type { Change } from './change.ts';
export type { ChangeClass, ChangeKind, ChangeKindFacts } from './change-kinds.ts';
export { changeKinds } from './change-kinds.ts';
export { diffContents } from './diff-contents.ts';
export { diffManifests } from './diff-manifests.ts';
export type { Bump, VersionVerdict } from './version-verdict.ts';
export { demandedBump, judgeVersion } from './version-verdict.ts';
