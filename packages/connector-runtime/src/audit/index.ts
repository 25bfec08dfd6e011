export { exportAudit, verifyAuditFile, verifyStoredAudit } from './audit-export.ts';
export { createAuditTrail } from './audit-trail.ts';
export { type ChainBreak, chainBreakOf } from './chain-break.ts';
export { createHeadSigner, type HeadSigner } from './head-signer.ts';
export { type AuditPage, listAudit, listAuditHeads, readSignedHeads } from './postgres-audit-store.ts';
export { type Sealed, sealSegment } from './seal-segment.ts';
export { type SignedHead, verifySignedHeads } from './signed-head.ts';
