export { exportAudit, verifyAuditFile, verifyStoredAudit } from './audit-export.ts';
export { createAuditTrail } from './audit-trail.ts';
export { listAudit, listAuditHeads } from './postgres-audit-store.ts';
