import { adminRoutes } from './admin-routes.ts';
import { describeRoutes, type OpenApiDocument } from './openapi.ts';
import type { AdminPorts } from './ports.ts';
import { referencePage } from './reference-page.ts';

/** The admin API as a document, without a runtime: what is described needs no ports, only what runs does. */
export function adminDocument(answers: 'open' | 'closed' = 'open'): OpenApiDocument {
  return describeRoutes(adminRoutes({} as AdminPorts, ''), answers);
}

export function adminReferencePage(): string {
  return referencePage(adminDocument());
}
