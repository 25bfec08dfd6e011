import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  defineAction,
  defineConnection,
  defineConnector,
  deriveManifest,
  type Manifest,
  parseManifest,
  type Schema,
} from '@org/connector-sdk';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { z as z3 } from 'zod/v3';
import type { PlannedAction } from '../types/run.ts';
import { createInputChecks } from './check-input.ts';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const folder = resolve(import.meta.dirname, '../../../../manifests');
const manifests = readdirSync(folder).map((name) => parseManifest(readFileSync(join(folder, name))));

/** The same schema as an input. */
function problemWith(
  schema: Readonly<Record<string, unknown>>,
  input: unknown,
  checks = createInputChecks(),
  artifactDigest = 'sha256:0',
) {
  const planned: PlannedAction = {
    tenantId: 't1',
    workspaceId: 'w1',
    runId: 'r1',
    workflow: 'triage',
    action: 'desk.add-note',
    connector: 'desk',
    connectionId: 'c1',
    connectionName: 'main',
    artifactDigest,
    manifest: {
      title: 'Add a note',
      description: 'Adds a note.',
      effect: 'write',
      risk: 'low',
      scopes: [],
      idempotency: { mode: 'natural', resolve: false },
      reversible: null,
      timeoutMs: 1000,
      input: { ...schema, $schema: DIALECT },
      output: { $schema: DIALECT },
    },
    input,
    digest: 'sha256:1',
  };
  return checks.problem(planned);
}

/** As it stands in the manifest of a connector. */
function derive(input: Schema) {
  const get = defineAction({
    title: 'Get',
    description: 'Reads a thing.',
    effect: 'read',
    risk: 'low',
    scopes: [],
    input,
    output: z.object({ id: z.string() }),
    run: async () => ({ id: 'x' }),
  });
  const connection = defineConnection({
    config: z.strictObject({}),
    auth: {},
    allowedHosts: ['desk.example'],
    baseUrl: 'https://desk.example',
    rateLimit: { requestsPerMinute: 60, concurrency: 2 },
    test: async () => ({ account: 'x' }),
  });
  const about = { id: 'desk', publisher: 'acme', title: 'Desk', description: 'A desk.', engines: { runtime: '*' } };
  const connector = defineConnector({ ...about, scopes: {}, connection, actions: { get } });
  const schema = deriveManifest(connector, { version: '1.0.0' }).actions.get?.input;
  if (schema === undefined) throw new Error('the action is expected in the manifest');
  return schema;
}

function schemasOf({ connection, actions, triggers, approvalChannels }: Manifest) {
  const secrets = Object.values(connection.auth).flatMap((auth) => (auth.kind === 'custom' ? [auth.secret] : []));
  return [
    connection.config,
    ...secrets,
    ...Object.values(actions).flatMap(({ input, output }) => [input, output]),
    ...Object.values(triggers).map(({ event }) => event),
    ...Object.values(approvalChannels).map(({ target }) => target),
  ];
}

it.each(manifests.map((manifest) => [manifest.id, manifest] as const))(
  'every schema of %s can be used, and its examples fit',
  (_, manifest) => {
    const codes = schemasOf(manifest).map((schema) => problemWith(schema, Symbol('fits nothing'))?.code);
    expect(new Set(codes)).toEqual(new Set(['ACTION_INPUT_INVALID']));
    for (const { input } of Object.values(manifest.actions)) {
      const examples = z.array(z.unknown()).min(1).parse(input.examples);
      expect(examples.map((example) => problemWith(input, example))).toEqual(examples.map(() => undefined));
    }
  },
);

describe('tuples', () => {
  const text = z.string().max(9);
  const text3 = z3.string().max(9);
  it.each<[string, Schema, unknown[][], unknown[][]]>([
    ['of a length', z.tuple([text, z.int()]), [['a', 1]], [[], ['a'], ['a', 1, 1]]],
    ['with more behind', z.tuple([text]).rest(z.int()), [['a'], ['a', 1, 2]], [[], ['a', 'b']]],
    ['with optional parts', z.tuple([text, z.int().optional()]), [['a'], ['a', 1]], [[], ['a', 'b'], ['a', 1, 1]]],
    ['of optional parts and more', z.tuple([text.optional()]).rest(z.int()), [[], ['a'], ['a', 1]], [[1]]],
    ['in tuples', z.tuple([z.tuple([text]).rest(text)]), [[['a']]], [[[]], [['a', 1]]]],
    ['of zod 3', z3.tuple([text3, z3.number().int()]), [['a', 1]], [['a'], ['a', 1, 1]]],
    ['of zod 3 with more behind', z3.tuple([text3]).rest(z3.number().int()), [['a'], ['a', 1]], [[], ['a', 'b']]],
  ])('%s', (_, schema, fitting, others) => {
    const derived = derive(
      schema instanceof z3.ZodType ? z3.object({ list: schema }).strict() : z.strictObject({ list: schema }),
    );
    expect(fitting.map((list) => problemWith(derived, { list }))).toEqual(fitting.map(() => undefined));
    for (const list of others)
      expect(problemWith(derived, { list })?.code, JSON.stringify(list)).toBe('ACTION_INPUT_INVALID');
  });
});

describe('a schema that nobody derived', () => {
  const broken = { type: 'object', properties: { note: { type: 'string', maxLenght: 9 } } };

  it.each([
    ['with a keyword that nobody knows', broken],
    ['with a type that there is not', { type: 'text' }],
    ['that points nowhere', { $ref: '#/$defs/missing' }],
  ])('lets nothing through: %s', (_, schema) => {
    expect(problemWith(schema, { note: 'x' })).toMatchObject({ code: 'ACTION_SCHEMA_INVALID' });
  });

  it('may have the $id that the last release had', () => {
    const checks = createInputChecks();
    const named = { $id: 'urn:acme:desk', type: 'object' };
    expect(problemWith(named, {}, checks)).toBeUndefined();
    const next = { ...named, required: ['note'] };
    expect(problemWith(next, {}, checks, 'sha256:1')).toMatchObject({ code: 'ACTION_INPUT_INVALID' });
  });
});

it('names the place, never the value', () => {
  const problem = problemWith(derive(z.strictObject({ note: z.strictObject({ text: z.string().max(3) }) })), {
    note: { text: 'secret' },
  });
  expect(problem).toMatchObject({ code: 'ACTION_INPUT_INVALID', message: expect.stringContaining('/note/text') });
  expect(problem?.message).not.toContain('secret');
});
