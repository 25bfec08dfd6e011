import { z } from 'zod';
import {
  type ActionInput,
  type ActionOutput,
  defineAction,
  defineConnection,
  defineConnector,
  defineTrigger,
  reverseWith,
} from './index.ts';

const config = z.strictObject({ instanceUrl: z.url() });
type Config = z.infer<typeof config>;
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
  async run({ input, config }: { input: { id: string }; config: Config }) {
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

const reception = { contentTypes: ['application/json'], deliveryId: { digest: 'body' }, maxBodyBytes: 1 } as const;
const trigger = { title: '', description: '', scopes: [], event: z.object({ id: z.string() }), eventKey: () => '' };
const parse = () => [];
defineTrigger({
  ...trigger,
  webhook: { ...reception, verification: { scheme: 'github-sha256' }, parse },
});
// @ts-expect-error a webhook without verification
defineTrigger({ ...trigger, webhook: { ...reception, parse } });
// @ts-expect-error there is no scheme `none`
defineTrigger({ ...trigger, webhook: { ...reception, verification: { scheme: 'none' }, parse } });

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

declare module './registry.ts' {
  interface ConnectorRegistry {
    things: typeof things;
  }
}

const input: ActionInput<'things.rename'> = { id: '1', name: 'n' };
// @ts-expect-error the name is missing
const wrong: ActionInput<'things.rename'> = { id: '1' };
const output: Pick<ActionOutput<'things.get-thing'>, 'name'> = { name: 'n' };
export const seen: unknown[] = [input, wrong, output];
