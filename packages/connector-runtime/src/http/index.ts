export { adminDocument, adminReferencePage } from './admin/description.ts';
export type { AdminPorts } from './admin/ports.ts';
export { createHttp, type HttpApp } from './create-http.ts';
export { listArtifacts } from './postgres-artifact-list.ts';
export { createStats } from './postgres-stats.ts';
