import type { z } from 'zod';
import type { AdminRole } from '../../types/roles.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * Who gets behind a path. `tenant`: it names a tenant, and nobody of another one. `own`: everybody, and `run` narrows what it
 * gives by `call.within`. `deployment`: no tenant's token.
 */
export type Reach = 'tenant' | 'own' | 'deployment';

/** One operation of the admin API. Its key in the record that holds it is its `operationId`. */
export interface AdminRoute {
  readonly method: Method;
  /** As Hono writes it. `:…Id` is a UUID, `:digest` a digest, any other part is text. */
  readonly path: string;
  readonly summary: string;
  readonly role: AdminRole;
  readonly reach: Reach;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  /** Media types that are taken as bytes, beside the JSON of `body`. */
  readonly binary: readonly string[];
  /** Undefined: there is nothing to say (204). */
  readonly answer: z.ZodType | undefined;
  readonly status: 200 | 201 | 204;
  run(call: AnyCall): Promise<unknown>;
}

/** By their keys, which are their `operationId`. */
export type AdminRoutes = Readonly<Record<string, AdminRoute>>;

// biome-ignore lint/suspicious/noExplicitAny: each route knows its own call; the table of all of them does not.
export type AnyCall = any;

type PathParams<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? { readonly [K in Name]: string } & PathParams<`/${Rest}`>
  : P extends `${string}:${infer Name}`
    ? { readonly [K in Name]: string }
    : unknown;

type Parsed<S> = S extends z.ZodType ? z.infer<S> : undefined;

/** What `run` is given: the parts of the path by name, and what the schemas let pass. */
type Call<P extends string, Q, B, Binary> = PathParams<P> & {
  readonly query: Parsed<Q>;
  readonly body: Parsed<B> | (Binary extends readonly string[] ? Uint8Array : never);
  /** Who asks, as the audit names them. */
  readonly by: string;
  /** The tenant of the token; undefined for the whole deployment. */
  readonly within: string | undefined;
};

interface RouteOptions<P extends string, Q, B, Binary> {
  readonly summary: string;
  /** The least that a token must have. */
  readonly role: AdminRole;
  /** Of a path without `:tenantId` only. Default: `deployment`. */
  readonly reach?: P extends `${string}:tenantId${string}` ? never : 'own';
  readonly query?: Q;
  readonly body?: B;
  readonly binary?: Binary;
  readonly answer?: z.ZodType;
  /** Default: 200, or 204 without an answer. */
  readonly status?: 201;
  run(call: Call<P, Q, B, Binary>): Promise<unknown>;
}

/** Describes and implements an operation in one place: `route('GET /tenants/:tenantId/policy', { … })`. Pure. */
export function route<
  P extends string,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  Binary extends readonly string[] | undefined = undefined,
>(at: `${Method} ${P}`, options: RouteOptions<P, Q, B, Binary>): AdminRoute {
  const { summary, role, query, body, binary = [], answer, run } = options;
  const [method, path] = at.split(' ') as [Method, string];
  const reach = path.includes('/:tenantId') ? 'tenant' : (options.reach ?? 'deployment');
  const status = options.status ?? (answer === undefined ? 204 : 200);
  return { method, path, summary, role, reach, query, body, binary, answer, status, run };
}
