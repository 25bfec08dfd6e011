export { createAdminApp } from './admin/admin-app.ts';
export type { AdminRouter as AdminApp } from './admin/admin-env.ts';
export { adminDocument, adminReferencePage } from './admin/description.ts';
export type { OpenApiDocument } from './admin/openapi.ts';
export type { AdminPorts } from './admin/ports.ts';
export { createHttp, type HttpApp } from './create-http.ts';
export { listArtifacts } from './postgres-artifact-list.ts';
export { createStats } from './postgres-stats.ts';
