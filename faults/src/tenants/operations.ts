import type { OpenApiDocument } from '@org/connector-runtime/stages';

type Json = Readonly<Record<string, unknown>>;

/** An operation of the document, with every place of an id in it. */
export interface Operation {
  readonly operationId: string;
  readonly method: string;
  /** `/tenants/{tenantId}/…` */
  readonly path: string;
  /** Names of the ids in the path, in the query and in the body. */
  readonly places: readonly string[];
  /** The request with these ids in their places; `turn` makes names that nobody has used. */
  fill(ids: Readonly<Record<string, string>>, turn: string): { readonly path: string; readonly body: unknown };
}

export function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, ...rest }]) => {
      const { parameters = [], requestBody } = rest as {
        parameters?: { name: string; in: string }[];
        requestBody?: { content: Record<string, { schema: Json }> };
      };
      const schema = requestBody?.content['application/json']?.schema;
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).filter(isId);
      const inQuery = parameters.filter((one) => one.in === 'query' && isId(one.name)).map(({ name }) => name);
      return {
        operationId,
        method: method.toUpperCase(),
        path,
        places: [...new Set([...inPath, ...inQuery, ...idsIn(schema)])],
        fill(ids: Readonly<Record<string, string>>, turn: string) {
          const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? TEXTS[name] ?? 'canary');
          const query = inQuery.map((name) => `${name}=${ids[name]}`).join('&');
          return {
            path: query === '' ? filled : `${filled}?${query}`,
            body: schema && exampleOf(schema, 'body', ids, turn),
          };
        },
      };
    }),
  );
}

const isId = (name: string) => name.endsWith('Id');

/** What fits where a schema alone does not say it. */
const TEXTS: Readonly<Record<string, string>> = {
  digest: `sha256:${'0'.repeat(64)}`,
  connector: 'probe',
  stepKey: 'canary',
  trigger: 'probe.found',
  auth: 'key',
  version: '1.0.0',
  text: 'forbid (principal == Workflow::"nobody", action, resource);',
  path: '/nowhere',
  secret: 'a secret of thirty-two characters',
  kind: 'trigger',
};

function idsIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties = {} } = schema as { properties?: Json };
  return [...Object.keys(properties).filter(isId), ...Object.values(schema).flatMap(idsIn)];
}

/** A value that the schema takes, with every field that it knows, but for what depends on what is there already. */
function exampleOf(schema: Json, name: string, ids: Readonly<Record<string, string>>, turn: string): unknown {
  const { const: only, enum: some, oneOf, anyOf, type, properties, items, minimum, maximum, minItems } = schema;
  if (only !== undefined) return only;
  if (Array.isArray(some)) return some[0];
  const choice = (oneOf ?? anyOf) as readonly Json[] | undefined;
  if (choice?.[0]) return exampleOf(choice[0], name, ids, turn);
  if (type === 'object') {
    const members = Object.entries((properties ?? {}) as Record<string, Json>).filter(
      ([key]) => key !== 'expectedVersion',
    );
    return Object.fromEntries(members.map(([key, value]) => [key, exampleOf(value, key, ids, turn)]));
  }
  if (type === 'array') return minItems === undefined ? [] : [exampleOf(items as Json, name, ids, turn)];
  if (type === 'integer' || type === 'number')
    return Math.max(Number(minimum ?? 0), Math.min(Number(maximum ?? 60), 60));
  if (type === 'boolean') return false;
  if (type === undefined) return {};
  if (isId(name)) return ids[name];
  if (name === 'name') return `name-${turn}`;
  return TEXTS[name] ?? 'a text of at least thirty-two characters';
}
