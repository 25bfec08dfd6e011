import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../types/log.ts';
import { adminRoles } from '../../types/roles.ts';
import { Secret } from '../../types/secret.ts';
import { createAdminApp } from './admin-app.ts';
import { adminDocument } from './description.ts';

const document = adminDocument();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, ...operation })),
);

describe('the description of the admin API', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
    const broken = { ...document, paths: { '/x': { get: { responses: 7 } } } };
    expect(await new Validator().validate(structuredClone(broken))).toMatchObject({ valid: false });
  });

  it('has every route of the app, and the app every operation', () => {
    const tokens = [{ name: 'root', token: new Secret('x'.repeat(32)) }];
    const app = createAdminApp({ tokens, publicUrl: '' } as never, silentLog);
    const mounted = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(described.sort()).toEqual(mounted.sort());
    expect(new Set(mounted).size).toBe(mounted.length);
    // The log, the authentication, and what answers for everything else.
    const others = app.routes.filter(({ method }) => method === 'ALL').map(({ path }) => path);
    expect(others).toEqual(['/*', '/*', '/*']);
  });

  it.each(operations)('$operationId says who may, how far, and what is answered', (operation) => {
    expect(adminRoles).toContain(operation['x-role']);
    expect(operation['x-reach']).toBe(
      operation.path.includes('{tenantId}') ? 'tenant' : operation['x-reach'] === 'own' ? 'own' : 'deployment',
    );
    expect(operation.summary).toMatch(/^\p{Lu}.+[^.]$/u);
    const [status = '', ...others] = Object.keys(operation.responses);
    expect([Number(status) < 300, others]).toEqual([true, ['default']]);
    const { content } = operation.responses[status] as { content?: Record<string, { schema: object }> };
    // An answer that may be anything describes nothing.
    if (status !== '204') expect(Object.keys(content?.['application/json']?.schema ?? {}).length).toBeGreaterThan(0);
  });

  it('does not take two operations of one name', async () => {
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });
});
