import { z } from 'zod';
import {
  type ActionInput,
  type ActionOutput,
  defineAction,
  defineApprovalChannel,
  defineAuth,
  defineConnection,
  defineConnector,
  defineTrigger,
  reverseWith,
  type Verification,
} from './index.ts';

const config = z.strictObject({ instanceUrl: z.url() });
const connection = defineConnection({
  config,
  auth: { basic: { kind: 'basic', title: 'User and password' } },
  allowedHosts: ['{config.instanceUrl}'],
  baseUrl: '{config.instanceUrl}',
  rateLimit: { requestsPerMinute: 60, concurrency: 4 },
  test: async ({ config }) => ({ account: config.instanceUrl }),
});

const getThing = defineAction({
  title: 'Get a thing',
  description: 'Reads one thing.',
  effect: 'read',
  risk: 'low',
  scopes: ['thing.read'],
  input: z.strictObject({ id: z.string() }),
  output: z.object({ id: z.string(), name: z.string() }),
  config,
  async run({ input, config }) {
    return { id: input.id, name: config.instanceUrl };
  },
});

const base = {
  title: 'Rename',
  description: 'Renames a thing.',
  effect: 'write',
  risk: 'medium',
  scopes: ['thing.write'],
  input: z.strictObject({ id: z.string(), name: z.string() }),
  output: z.object({ before: z.string() }),
} as const;

const rename = defineAction({
  ...base,
  idempotency: { mode: 'natural' },
  reversible: { undo: ({ input, output }) => ({ id: input.id, name: output.before }) },
  async run({ input }) {
    return { before: input.name };
  },
});

// @ts-expect-error a write says how often it may be sent
defineAction({ ...base, run: async () => ({ before: '' }) });

// @ts-expect-error a marker demands `resolve`
defineAction({ ...base, idempotency: { mode: 'marker', settleSeconds: 300 }, run: async () => ({ before: '' }) });

const natural = { ...base, idempotency: { mode: 'natural' }, run: async () => ({ before: '' }) } as const;
// @ts-expect-error an undo whose input does not fit
defineAction({ ...natural, reversible: { undo: () => ({ wrong: 1 }) } });

// @ts-expect-error the other action's input does not fit
reverseWith(rename, () => ({ id: 1 }));

const output = { before: '' };
// @ts-expect-error a read changes nothing, so nothing is reversed
defineAction({ ...getThing, reversible: { undo: () => ({ id: '' }) } });
// @ts-expect-error a read may always be repeated
defineAction({ ...getThing, idempotency: { mode: 'natural' } });
// @ts-expect-error a write is never safe
defineAction({ ...base, idempotency: { mode: 'safe' }, run: async () => output });
defineAction({
  ...base,
  // @ts-expect-error a marker says how long absence proves nothing
  idempotency: { mode: 'marker' },
  resolve: async () => ({ outcome: 'not-applied' as const }),
  run: async () => output,
});
// @ts-expect-error there is no such mode
defineAction({ ...natural, idempotency: { mode: 'usually' } });
// @ts-expect-error there is no such risk
defineAction({ ...natural, risk: 'none' });
// @ts-expect-error `run` gives what `output` says
defineAction({ ...base, idempotency: { mode: 'natural' }, run: async () => ({ after: '' }) });
defineAction({
  ...natural,
  // @ts-expect-error an undo or a compensation, not both
  reversible: { undo: () => ({ id: '', name: '' }), compensation: () => ({ id: '', name: '' }) },
});
// @ts-expect-error a compensation whose input does not fit
defineAction({ ...natural, reversible: { compensation: () => ({ id: '' }) } });
// @ts-expect-error the undo reads what the output does not have
defineAction({ ...natural, reversible: { undo: ({ output }) => ({ id: output.id, name: '' }) } });
defineAction({ ...natural, reversible: { compensation: reverseWith(rename, () => ({ id: '1', name: 'n' })) } });
defineAction({ ...natural, deprecated: { since: '1.2.0', use: 'rename' } });
// @ts-expect-error a deprecation says since when
defineAction({ ...natural, deprecated: { use: 'rename' } });

const undone = (done: { output: { id: string } }) => ({ id: done.output.id, name: '' });
// @ts-expect-error the reversal reads another output than this action gives
defineAction({ ...natural, reversible: { undo: reverseWith(rename, undone) } });

const reception = { contentTypes: ['application/json'], deliveryId: { digest: 'body' }, maxBodyBytes: 1 } as const;
const trigger = { title: '', description: '', scopes: [], event: z.object({ id: z.string() }), eventKey: () => '' };
const parse = () => [];
defineTrigger({
  ...trigger,
  webhook: { ...reception, verification: { scheme: 'github-sha256' }, parse },
  deprecated: { since: '2.0.0' },
});
// @ts-expect-error a trigger has a webhook, polling, or both
defineTrigger(trigger);
// @ts-expect-error a webhook without verification
defineTrigger({ ...trigger, webhook: { ...reception, parse } });
// @ts-expect-error there is no scheme `none`
defineTrigger({ ...trigger, webhook: { ...reception, verification: { scheme: 'none' }, parse } });
defineTrigger({
  ...trigger,
  // @ts-expect-error `parse` gives events
  webhook: { ...reception, verification: { scheme: 'slack-v0' }, parse: () => [{ wrong: 1 }] },
});
defineTrigger({
  ...trigger,
  // @ts-expect-error polling says how far it reaches back
  polling: { intervalSeconds: 60, poll: async () => ({ events: [], cursor: '', more: false }) },
});
const { eventKey: _, ...keyless } = trigger;
// @ts-expect-error an event has a key, the same by webhook and by poll
defineTrigger({ ...keyless, webhook: { ...reception, verification: { scheme: 'slack-v0' }, parse } });

const hmac = { scheme: 'hmac-sha256', signatureHeader: 'X-Signature', encoding: 'hex', payload: '{body}' } as const;
const { signatureHeader: _header, ...headless } = hmac;
const { encoding: _encoding, ...raw } = hmac;
export const verifications: Verification[] = [
  hmac,
  { ...hmac, scheme: 'hmac-sha512', payload: '{timestamp}.{body}', timestampHeader: 'X-Time', toleranceSeconds: 60 },
  { ...hmac, encoding: 'base64url', fields: { signature: 'v1', timestamp: 't' }, payload: '{timestamp}.{body}' },
  // @ts-expect-error which field holds the signature
  { ...hmac, fields: { timestamp: 't' } },
  { scheme: 'standard-webhooks', version: 'v1a' },
  { scheme: 'shared-secret-header', header: 'X-Token' },
  { scheme: 'slack-v0', toleranceSeconds: 60 },
  { scheme: 'github-sha256' },
  // @ts-expect-error which header holds the signature
  headless,
  // @ts-expect-error how the digest is written
  raw,
  // @ts-expect-error the body is signed
  { ...hmac, payload: '{timestamp}' },
  // @ts-expect-error `v1` or `v1a`
  { scheme: 'standard-webhooks' },
  // @ts-expect-error which header holds the secret
  { scheme: 'shared-secret-header' },
  // @ts-expect-error GitHub signs no time
  { scheme: 'github-sha256', toleranceSeconds: 60 },
];

defineAuth({ kind: 'oauth2', title: 'OAuth', grants: ['client_credentials'], tokenUrl: 'https://a.example/token' });
// @ts-expect-error where people are sent to agree
defineAuth({ kind: 'oauth2', title: 'OAuth', grants: ['authorization_code'], tokenUrl: 'https://a.example/token' });
// @ts-expect-error there is no such grant
defineAuth({ kind: 'oauth2', title: 'OAuth', grants: ['password'], tokenUrl: 'https://a.example/token' });
// @ts-expect-error which header holds the key
defineAuth({ kind: 'api_key', title: 'Key' });
defineAuth({
  // @ts-expect-error code that sees the secret names the hosts it may reach
  kind: 'custom',
  title: 'Own',
  secret: z.object({ key: z.string() }),
  authenticate: async () => ({ headers: {}, expiresAt: '' }),
});
// @ts-expect-error there is no auth without a credential
defineAuth({ kind: 'none', title: 'None' });
// @ts-expect-error nothing can be reached that is not listed
defineConnection({
  config,
  auth: {},
  baseUrl: '',
  rateLimit: { requestsPerMinute: 1, concurrency: 1 },
  test: async () => ({ account: '' }),
});

const things = defineConnector({
  id: 'things',
  publisher: 'acme',
  title: 'Things',
  description: 'Things.',
  engines: { runtime: '>=0.1.0' },
  scopes: {
    'thing.read': { title: 'Read', description: 'Read things.', provider: ['read'] },
    'thing.write': { title: 'Write', description: 'Write things.', provider: ['write'] },
  },
  connection,
  actions: { 'get-thing': getThing, rename },
});

defineConnector({
  id: 'things',
  publisher: 'acme',
  title: 'Things',
  description: 'Things.',
  engines: { runtime: '>=0.1.0' },
  scopes: { 'thing.read': { title: 'Read', description: 'Read things.', provider: ['read'] } },
  connection,
  // @ts-expect-error `thing.write` is not declared
  actions: { rename },
});

const frame = {
  id: 'things',
  publisher: 'acme',
  title: 'Things',
  description: 'Things.',
  engines: { runtime: '>=0.1.0' },
  scopes: { 'thing.read': { title: 'Read', description: 'Read things.', provider: ['read'] } },
  connection,
  actions: { 'get-thing': getThing },
} as const;
const watched = defineTrigger({
  ...trigger,
  scopes: ['thing.watch'],
  webhook: { ...reception, verification: { scheme: 'github-sha256' }, parse },
});
const asked = defineApprovalChannel({
  title: '',
  description: '',
  scopes: ['thing.ask'],
  target: z.strictObject({ room: z.string() }),
  interaction: { ...reception, verification: { scheme: 'slack-v0' } },
  request: async ({ target }) => ({ room: target.room }),
  update: async () => undefined,
  parseDecision: () => undefined,
});
defineConnector({ ...frame, deprecated: { since: '1.0.0', use: 'other-things' } });
// @ts-expect-error `thing.watch` is not declared
defineConnector({ ...frame, triggers: { watched } });
// @ts-expect-error `thing.ask` is not declared
defineConnector({ ...frame, approvalChannels: { asked } });
const other = defineConnection({
  ...connection,
  config: z.object({ team: z.string() }),
  test: async () => ({ account: '' }),
});
// @ts-expect-error the action was written for a config with an `instanceUrl`
defineConnector({ ...frame, connection: other });

declare module './registry.ts' {
  interface ConnectorRegistry {
    things: typeof things;
  }
}

const input: ActionInput<'things.rename'> = { id: '1', name: 'n' };
// @ts-expect-error the name is missing
const wrong: ActionInput<'things.rename'> = { id: '1' };
const given: Pick<ActionOutput<'things.get-thing'>, 'name'> = { name: 'n' };
export const seen: unknown[] = [input, wrong, given];
