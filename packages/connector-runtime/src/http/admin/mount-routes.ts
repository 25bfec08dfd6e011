import { isConnectorError } from '@org/connector-sdk';
import type { Context } from 'hono';
import type { RefusalLedger } from '../../ingress/index.ts';
import { DEPLOYMENT } from '../../types/audit.ts';
import { requireAccess } from './access.ts';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import { mediaType, readArtifactBytes, readDigest, readId, readJson, readQuery, readText } from './read-request.ts';
import type { AdminRoute, AdminRoutes } from './route.ts';

/**
 * Puts operations behind their paths. There is no other way to them: who may come is checked first, then the path, the query
 * and the body are read as the operation says, and only then it runs.
 */
export function mountRoutes(app: AdminRouter, routes: AdminRoutes, refusals: Pick<RefusalLedger, 'count'>): void {
  for (const [operation, route] of Object.entries(routes)) {
    app.on(route.method, route.path, async (c) => {
      const params = readParams(c, route);
      const holder = c.get('holder');
      try {
        requireAccess(holder, route, params.tenantId);
      } catch (error) {
        if (isConnectorError(error)) {
          const { actor, tenantId = DEPLOYMENT } = holder;
          refusals.count({ code: error.code, call: { actor, tenantId, operation } });
        }
        throw error;
      }
      const query = route.query && readQuery(c, route.query);
      const body = await readBodyOf(c, route);
      const call = { ...params, query, body, by: holder.actor, within: holder.tenantId };
      const answer = await route.run(call);
      // Whatever is not described is not answered either.
      return route.status === 204 ? c.body(null, 204) : c.json(answer as object, route.status);
    });
  }
}

export function pathParams(path: string): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
}

function readParams(c: Context<AdminEnv>, { path }: AdminRoute): Record<string, string> {
  return Object.fromEntries(pathParams(path).map((name) => [name, readParam(c, name)]));
}

function readParam(c: Context<AdminEnv>, name: string): string {
  if (name.endsWith('Id')) return readId(c, name);
  return name === 'digest' ? readDigest(c, name) : readText(c, name);
}

async function readBodyOf(c: Context<AdminEnv>, { body, binary }: AdminRoute): Promise<unknown> {
  if (binary.includes(mediaType(c))) return readArtifactBytes(c);
  return body && readJson(c, body);
}
