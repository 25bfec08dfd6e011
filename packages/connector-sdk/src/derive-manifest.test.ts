import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import {
  type AnyAction,
  canonicalJson,
  defineAction,
  defineApprovalChannel,
  defineConnection,
  defineConnector,
  defineTrigger,
  deriveManifest,
  isConnectorError,
  manifestBytes,
  manifestJsonSchema,
  parseManifest,
  reverseWith,
  type Schema,
  SdkError,
  toJsonSchema,
} from './index.ts';

const connection = defineConnection({
  config: z.strictObject({ instanceUrl: z.url().describe('Where the instance is') }),
  auth: { basic: { kind: 'basic', title: 'User and password' } },
  allowedHosts: ['{config.instanceUrl}'],
  baseUrl: '{config.instanceUrl}',
  rateLimit: { requestsPerMinute: 60, concurrency: 4 },
  test: async () => ({ account: 'a' }),
});

const remove = defineAction({
  title: 'Remove a thing',
  description: 'Removes one thing.',
  effect: 'write',
  risk: 'medium',
  scopes: ['thing.write'],
  idempotency: { mode: 'natural' },
  input: z.strictObject({ id: z.string().max(32) }),
  output: z.object({ id: z.string() }),
  run: async ({ input }) => ({ id: input.id }),
});

const add = defineAction({
  title: 'Add a thing',
  description: 'Adds one thing.',
  effect: 'write',
  risk: 'low',
  scopes: ['thing.write'],
  idempotency: { mode: 'marker', settleSeconds: 300 },
  input: z.strictObject({ name: z.string().max(32) }),
  output: z.object({ id: z.string() }),
  reversible: { undo: reverseWith(remove, (done: { output: { id: string } }) => ({ id: done.output.id })) },
  run: async () => ({ id: '1' }),
  resolve: async () => ({ outcome: 'not-applied' as const }),
});

const changed = defineTrigger({
  title: 'Thing changed',
  description: 'A thing changed.',
  scopes: ['thing.read'],
  event: z.object({ id: z.string() }),
  eventKey: ({ id }) => id,
  webhook: {
    verification: { scheme: 'github-sha256' },
    contentTypes: ['application/json'],
    deliveryId: { header: 'X-Delivery' },
    maxBodyBytes: 1024,
    parse: () => [],
  },
});

function connectorOf(actions: Record<string, AnyAction<'thing.read' | 'thing.write'>>) {
  return defineConnector({
    id: 'things',
    publisher: 'acme',
    title: 'Things',
    description: 'Things.',
    engines: { runtime: '>=0.0.0' },
    scopes: {
      'thing.read': { title: 'Read', description: 'Read things.', provider: ['read'] },
      'thing.write': { title: 'Write', description: 'Write things.', provider: ['write'] },
    },
    connection,
    actions,
    triggers: { 'thing-changed': changed },
  });
}

const things = connectorOf({ add, remove });

const refusal = (work: () => unknown): { code: string; details: Readonly<Record<string, unknown>> } => {
  try {
    work();
  } catch (error) {
    if (isConnectorError(error)) return { code: error.code, details: error.details };
    throw error;
  }
  return { code: 'none', details: {} };
};

describe('deriveManifest', () => {
  const manifest = deriveManifest(things, { version: '1.2.3' });

  it('says what the code says', () => {
    expect(manifest).toMatchObject({ manifestVersion: 1, id: 'things', version: '1.2.3', publisher: 'acme' });
    expect(manifest.actions.add).toMatchObject({
      effect: 'write',
      idempotency: { mode: 'marker', settleSeconds: 300, resolve: true },
      reversible: { by: 'undo', action: 'remove' },
      timeoutMs: 30_000,
      input: { type: 'object', properties: { name: { type: 'string', maxLength: 32 } }, required: ['name'] },
    });
    expect(manifest.actions.remove).toMatchObject({
      idempotency: { mode: 'natural', resolve: false },
      reversible: null,
    });
    expect(manifest.triggers['thing-changed']?.webhook).toEqual({
      verification: { scheme: 'github-sha256' },
      contentTypes: ['application/json'],
      deliveryId: { header: 'X-Delivery' },
      maxBodyBytes: 1024,
    });
  });

  it('says what is deprecated: the connector, an action, a trigger, a channel', () => {
    const deprecated = { since: '1.2.0', use: 'other' };
    const channel = defineApprovalChannel({
      title: 'Desk',
      description: 'Asks at the desk.',
      scopes: ['thing.read'],
      target: z.strictObject({ desk: z.string().max(9) }),
      interaction: {
        verification: { scheme: 'slack-v0' },
        contentTypes: ['application/json'],
        deliveryId: { digest: 'body' },
        maxBodyBytes: 1024,
      },
      request: async () => ({}),
      update: async () => undefined,
      parseDecision: () => undefined,
      deprecated,
    });
    const told = deriveManifest(
      {
        ...things,
        deprecated,
        actions: { remove: { ...remove, deprecated } },
        triggers: { 'thing-changed': { ...changed, deprecated } },
        approvalChannels: { desk: channel },
      },
      { version: '1.2.3' },
    );
    const { actions, triggers, approvalChannels } = told;
    const all = [told, actions.remove, triggers['thing-changed'], approvalChannels.desk];
    expect(all.map((entry) => entry?.deprecated)).toEqual(all.map(() => deprecated));
  });

  it.each(['latest', '>= 1.0.0', ''])('refuses %j as the range of runtimes', (runtime) => {
    const { code, details } = refusal(() => deriveManifest({ ...things, engines: { runtime } }, { version: '1.0.0' }));
    expect([code, details.issues]).toMatchObject(['MANIFEST_INVALID', [{ path: ['engines', 'runtime'] }]]);
  });

  it('is read back from its own bytes, and the same code gives the same bytes', () => {
    expect(parseManifest(manifestBytes(manifest))).toEqual(manifest);
    expect(manifestBytes(deriveManifest(things, { version: '1.2.3' }))).toEqual(manifestBytes(manifest));
  });

  it('refuses an action that is reversed by one the connector does not list', () => {
    expect(refusal(() => deriveManifest(connectorOf({ add }), { version: '1.0.0' })).code).toBe('DEFINITION_INVALID');
  });

  it('names the path of a schema that constrains nothing', () => {
    const anything = connectorOf({ remove: { ...remove, input: z.any() } });
    expect(refusal(() => deriveManifest(anything, { version: '1.0.0' }))).toMatchObject({
      code: 'SCHEMA_UNCONSTRAINED',
      details: { path: 'actions.remove.input' },
    });
  });
});

describe('toJsonSchema', () => {
  it('converts zod 3 as well, which zod-to-json-schema does silently wrong for zod 4', () => {
    expect(toJsonSchema(z3.object({ id: z3.string().max(3) }).strict(), 'input', 'x')).toMatchObject({
      type: 'object',
      properties: { id: { type: 'string', maxLength: 3 } },
      required: ['id'],
      additionalProperties: false,
    });
  });

  it.each<[string, Schema]>([
    ['a date', z.object({ at: z.date() })],
    ['a bigint', z.object({ n: z.bigint() })],
  ])('refuses %s, which JSON does not hold', (_, schema) => {
    expect(refusal(() => toJsonSchema(schema, 'output', 'x')).code).toBe('SCHEMA_UNREPRESENTABLE');
  });

  it.each<[string, Schema]>([
    ['zod 4 unknown', z.unknown()],
    ['zod 4 any with a description', z.any().describe('anything')],
    ['zod 3 any', z3.any()],
  ])('refuses %s, which constrains nothing', (_, schema) => {
    expect(refusal(() => toJsonSchema(schema, 'input', 'x')).code).toBe('SCHEMA_UNCONSTRAINED');
  });
});

describe('parseManifest', () => {
  const encode = (value: unknown) => new TextEncoder().encode(canonicalJson(value));

  it('tells an unknown version from a broken manifest', () => {
    const manifest = deriveManifest(things, { version: '1.2.3' });
    expect(refusal(() => parseManifest(encode({ ...manifest, manifestVersion: 2 }))).code).toBe(
      'MANIFEST_VERSION_UNKNOWN',
    );
    expect(refusal(() => parseManifest(encode({ ...manifest, extra: 1 }))).code).toBe('MANIFEST_INVALID');
    expect(refusal(() => parseManifest(encode([]))).code).toBe('MANIFEST_INVALID');
  });

  it('says where', () => {
    const manifest = deriveManifest(things, { version: '1.2.3' });
    const { details } = refusal(() =>
      parseManifest(encode({ ...manifest, connection: { ...manifest.connection, allowedHosts: [] } })),
    );
    expect(details.issues).toMatchObject([{ path: ['connection', 'allowedHosts'] }]);
  });

  it('tells a key with a dot from two keys', () => {
    const manifest = deriveManifest(things, { version: '1.2.3' });
    const scopes = { ...manifest.scopes, 'thing.read': { ...manifest.scopes['thing.read'], title: '' } };
    expect(refusal(() => parseManifest(encode({ ...manifest, scopes }))).details.issues).toMatchObject([
      { path: ['scopes', 'thing.read', 'title'] },
    ]);
  });

  it('publishes its own JSON Schema', () => {
    expect(manifestJsonSchema()).toMatchObject({
      $id: 'urn:org:connector-manifest:v1',
      type: 'object',
      additionalProperties: false,
    });
  });
});

describe('defineConnector', () => {
  it('refuses ids and keys that no other place could name', () => {
    expect(refusal(() => defineConnector({ ...things, id: 'Things' })).code).toBe('DEFINITION_INVALID');
    expect(refusal(() => connectorOf({ Remove: remove })).code).toBe('DEFINITION_INVALID');
  });
});

describe('isConnectorError', () => {
  it('knows the errors of another copy of this package, and nothing else', () => {
    const foreign = { [Symbol.for('@org/connector-sdk/error')]: true, code: 'X' };
    expect(isConnectorError(foreign)).toBe(true);
    expect(isConnectorError(new Error('no'))).toBe(false);
    expect(isConnectorError(null)).toBe(false);
    expect(new SdkError('JSON_INVALID', 'm', { details: { a: 1 } }).toJSON()).toEqual({
      code: 'JSON_INVALID',
      message: 'm',
      details: { a: 1 },
    });
  });
});
