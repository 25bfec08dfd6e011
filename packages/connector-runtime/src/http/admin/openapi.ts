import { z } from 'zod';
import { error } from './answers.ts';
import { pathParams } from './mount-routes.ts';
import { digest, pathText, uuid } from './requests.ts';
import { type AdminRoute, type AdminRoutes, route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a program reads of the document: operations by path and method. */
export interface OpenApiDocument extends Json {
  readonly openapi: '3.1.1';
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Json>> & { readonly schemas: Readonly<Record<string, Json>> };
}

interface Operation extends Json {
  readonly operationId: string;
  readonly summary: string;
  /** The least that a token must have, and how far it gets: see `route.ts`. */
  readonly 'x-role': string;
  readonly 'x-reach': string;
  readonly responses: Readonly<Record<string, Json>>;
}

/** `GET /openapi.json`: the document itself, which describes this operation too. */
export function documentRoutes(others: AdminRoutes): AdminRoutes {
  const own: AdminRoutes = {
    readDescription: route('GET /openapi.json', {
      summary: 'This document',
      role: 'viewer',
      reach: 'own',
      answer: z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) }),
      run: async () => document,
    }),
  };
  const document = describeRoutes({ ...others, ...own });
  return own;
}

/**
 * The operations as an OpenAPI 3.1 document, out of the schemas that check requests. Pure.
 *
 * Answers may get more fields without a new version of the API, so the document is `open`; tests take a `closed` one.
 */
export function describeRoutes(routes: AdminRoutes, answers: 'open' | 'closed' = 'open'): OpenApiDocument {
  const schemas: Record<string, Json> = {};
  const toSchema: ToSchema = (schema) => convert(schema, 'input', schemas);
  const toAnswer: ToSchema = (schema) => convert(schema, answers === 'open' ? 'input' : 'output', schemas);
  const paths: Record<string, Record<string, Operation>> = {};
  for (const [operationId, one] of Object.entries(routes)) {
    const path = one.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][one.method.toLowerCase()] = describe(operationId, one, { toSchema, toAnswer });
  }
  const failed = { description: 'Refused or failed; `code` says why', content: json(toAnswer(error)) };
  return {
    openapi: '3.1.1',
    info: {
      title: 'Admin API of the connector runtime',
      version: '1',
      description:
        '`x-role` is the least role of a token, `x-reach` how far a tenant’s token gets: `tenant` (only where the path names its own tenant), `own` (it is given its own), `deployment` (not at all).',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/admin/v1' }],
    security: [{ token: [] }],
    paths,
    components: {
      schemas,
      responses: { Failed: failed },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

type ToSchema = (schema: z.ZodType) => Json;

function describe(
  operationId: string,
  one: AdminRoute,
  { toSchema, toAnswer }: { readonly toSchema: ToSchema; readonly toAnswer: ToSchema },
): Operation {
  const { summary, role, reach, query, answer, status } = one;
  const parameters = [...pathParams(one.path).map((name) => inPath(name, toSchema)), ...inQuery(query, toSchema)];
  return {
    operationId,
    summary,
    'x-role': role,
    'x-reach': reach,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(one, toSchema),
    responses: {
      [status]:
        answer === undefined ? { description: 'Done' } : { description: 'Done', content: json(toAnswer(answer)) },
      default: { $ref: '#/components/responses/Failed' },
    },
  };
}

function inPath(name: string, toSchema: ToSchema): Json {
  const schema = name.endsWith('Id') ? uuid : name === 'digest' ? digest : pathText;
  return { name, in: 'path', required: true, schema: toSchema(schema) };
}

function inQuery(query: z.ZodType | undefined, toSchema: ToSchema): Json[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = toSchema(query) as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    ...(required.includes(name) ? { required: true } : {}),
    schema,
  }));
}

function requestBody({ body, binary }: AdminRoute, toSchema: ToSchema): Json {
  if (body === undefined) return {};
  const bytes = binary.map((type) => [type, { schema: { type: 'string', format: 'binary' } }]);
  return {
    requestBody: { required: true, content: { ...json(toSchema(body)), ...Object.fromEntries(bytes) } },
  };
}

const json = (schema: Json) => ({ 'application/json': { schema } });

/** What has a name of its own comes into the components. */
function convert(schema: z.ZodType, io: 'input' | 'output', named: Record<string, Json>): Json {
  const text = JSON.stringify(z.toJSONSchema(schema, { io, target: 'draft-2020-12' }));
  const {
    $schema: _,
    $defs = {},
    ...rest
  } = JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/')) as Record<string, Json>;
  for (const [name, definition] of Object.entries($defs)) named[name] = definition as Json;
  return rest;
}
