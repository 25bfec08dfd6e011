import {
  ActionError,
  type ConnectorHttp,
  type ConnectorLog,
  defineAction,
  defineApprovalChannel,
  defineAuth,
  defineConnection,
  defineConnector,
  defineTrigger,
} from '@org/connector-sdk';
import { z } from 'zod';
import { escapeAttempts } from './escape-attempts.ts';
import { misbehaviours, type ProbeContext } from './misbehaviours.ts';

const read = { effect: 'read', risk: 'low', scopes: ['probe'] } as const;
const config = z.strictObject({ url: z.url(), greeting: z.string().default('hello') });
type Config = z.infer<typeof config>;
const targetInput = z.strictObject({ target: z.string().default('') });
type TargetInput = z.infer<typeof targetInput>;
const output = z.strictObject({ seen: z.string() });

let kept: ConnectorHttp | undefined;

function misbehave(title: string, run: (ctx: ProbeContext) => unknown) {
  return defineAction({
    ...read,
    title,
    description: `Misbehaves in its host: ${title}.`,
    input: targetInput,
    output,
    timeoutMs: 5_000,
    async run({ input, http, log }) {
      return { seen: String(await run({ target: input.target || 'http://127.0.0.1:9', http, log })) };
    },
  });
}

function attempt(title: string, run: (target: string) => unknown) {
  return misbehave(title, async ({ target }) => `escaped: ${String(await run(target))}`);
}

const fetchUrl = defineAction({
  ...read,
  title: 'Fetch',
  description: 'Asks a url through the broker.',
  input: targetInput,
  output,
  async run({ input, http, config }: { input: TargetInput; http: ConnectorHttp; config: Config }) {
    const answer = await http.request({ url: input.target, query: { greeting: config.greeting } });
    return { seen: `${answer.status} ${answer.text()}` };
  },
});

const writeUrl = defineAction({
  title: 'Write',
  description: 'Posts to a url through the broker, twice if asked.',
  effect: 'write',
  risk: 'low',
  scopes: ['probe'],
  idempotency: { mode: 'marker', settleSeconds: 1 },
  input: z.strictObject({
    target: z.string(),
    afterwards: z.enum(['answer', 'throw', 'crash', 'hang', 'garbage']).default('answer'),
  }),
  output,
  timeoutMs: 2_000,
  async run({ input, http, idempotencyKey }) {
    const answer = await http.request({ method: 'POST', url: input.target, json: { marker: idempotencyKey } });
    if (input.afterwards === 'throw') throw new Error('gave up after the write');
    if (input.afterwards === 'crash') setImmediate(() => JSON.parse('not json'));
    if (input.afterwards === 'crash' || input.afterwards === 'hang') await new Promise(() => {});
    if (input.afterwards === 'garbage') return { seen: 1 } as never;
    if (!answer.ok) throw new Error(`the write was answered with ${answer.status}`);
    return { seen: String(answer.status) };
  },
  async resolve({ input, http, idempotencyKey }) {
    const answer = await http.request({ url: input.target, query: { marker: idempotencyKey } });
    if (answer.status === 404) return { outcome: 'not-applied' };
    return { outcome: 'applied', output: { seen: answer.text() } };
  },
});

const eventSchema = z.strictObject({ id: z.string(), note: z.string().default('none') });

/** A connector that tries to get out. Every action but `echo`, `fetch` and `write` is one attempt at something it may not. */
export default defineConnector({
  id: 'probe',
  publisher: 'acme',
  title: 'Probe',
  description: 'Tries to leave its host process, to prove that it cannot.',
  engines: { runtime: '>=0.0.0' },
  scopes: { probe: { title: 'Probe', description: 'Probe.', provider: ['probe'] } },
  connection: defineConnection({
    config,
    auth: {
      key: { kind: 'api_key', title: 'Key', header: 'x-probe-key' },
      basic: { kind: 'basic', title: 'User and password' },
      oauth: {
        kind: 'oauth2',
        title: 'OAuth',
        grants: ['client_credentials', 'refresh_token'],
        tokenUrl: '{config.url}/token',
      },
      custom: defineAuth({
        kind: 'custom',
        title: 'Custom',
        hosts: ['{config.url}'],
        secret: z.strictObject({ seed: z.string().min(8) }),
        async authenticate({ secret, http, now, log }) {
          log.info('authenticating', { seed: secret.seed });
          if (secret.seed.startsWith('leak')) throw new Error(`the seed ${secret.seed} is refused`);
          const answer = await http.request({ method: 'POST', url: '/session', json: { seed: secret.seed } });
          const { token } = answer.json(z.object({ token: z.string() }));
          return { headers: { authorization: `Bearer ${token}` }, expiresAt: new Date(now + 600_000).toISOString() };
        },
      }),
    },
    allowedHosts: ['{config.url}'],
    baseUrl: '{config.url}',
    rateLimit: { requestsPerMinute: 60, concurrency: 4 },
    async test({ config, http }) {
      const answer = await http.request({ url: '/me' });
      return { account: `${config.greeting} ${answer.json(z.object({ name: z.string() })).name}` };
    },
  }),
  actions: {
    echo: defineAction({
      ...read,
      title: 'Echo',
      description: 'Gives back what it got.',
      input: targetInput,
      output,
      async run({ input, config, log }: { input: TargetInput; config: Config; log: ConnectorLog }) {
        log.info('echo', { target: input.target });
        return { seen: `${config.greeting} ${input.target} ${JSON.stringify(process.env)}` };
      },
    }),
    fetch: fetchUrl,
    write: writeUrl,
    ...Object.fromEntries(Object.entries(escapeAttempts).map(([name, run]) => [name, attempt(name, run)])),
    ...Object.fromEntries(Object.entries(misbehaviours).map(([name, { run }]) => [name, misbehave(name, run)])),
    // Keeps what a call was given, and uses it in the next.
    'stale-http': misbehave('stale-http', ({ http }) => {
      const before = kept;
      kept = http;
      return before?.request({ url: '/' }) ?? 'kept';
    }),
    'undeclared-host': defineAction({
      ...read,
      title: 'Undeclared host',
      description: 'Asks a host that the manifest does not list.',
      input: targetInput,
      output,
      async run({ http }) {
        return { seen: (await http.request({ url: 'https://exfiltration.example/' })).text() };
      },
    }),
  },
  approvalChannels: {
    ask: defineApprovalChannel({
      title: 'Ask',
      description: 'Asks people at the server.',
      scopes: ['probe'],
      target: z.strictObject({}),
      interaction: {
        verification: { scheme: 'github-sha256' },
        contentTypes: ['application/json'],
        deliveryId: { digest: 'body' },
        maxBodyBytes: 100_000,
      },
      async request({ http }, { approvalId }) {
        await http.request({ method: 'POST', url: '/ask', json: { approvalId } });
        return { id: approvalId };
      },
      // Takes every failure for the last word.
      async update({ http }, { id = '' }, { decision }) {
        const answer = await http
          .request({ method: 'POST', url: `/ask/${id}`, json: { decision } })
          .catch(() => undefined);
        if (!answer?.ok) throw new ActionError('PROBE_ASK_GONE', 'the question is gone', { kind: 'refused' });
      },
      groups: {
        scopes: ['probe'],
        // Whatever the server answers is the answer.
        async isMember({ http }, { actor, group }) {
          const answer = await http.request({ url: `/groups/${group}`, query: { actor } }).catch(() => undefined);
          if (!answer?.ok) throw new ActionError('PROBE_GROUP_GONE', 'the group is gone', { kind: 'refused' });
          return JSON.parse(answer.text());
        },
      },
      parseDecision: () => undefined,
    }),
  },
  triggers: {
    happened: defineTrigger({
      title: 'Happened',
      description: 'Something happened.',
      scopes: ['probe'],
      event: eventSchema,
      eventKey: ({ id }) => id,
      webhook: {
        verification: { scheme: 'github-sha256' },
        contentTypes: ['application/json'],
        deliveryId: { digest: 'body' },
        maxBodyBytes: 100_000,
        parse: (delivery) => z.object({ events: z.array(z.any()) }).parse(delivery.json()).events,
      },
    }),
    found: defineTrigger({
      title: 'Found',
      description: 'Something was found: whatever the server answers is the page.',
      scopes: ['probe'],
      config,
      event: eventSchema.extend({ at: z.string().optional() }),
      eventKey: ({ id }) => id,
      occurredAt: ({ at }) => at ?? '2026-01-01T00:00:00Z',
      polling: {
        intervalSeconds: 60,
        overlapSeconds: 0,
        async poll({ http, config: { greeting } }, cursor) {
          const answer = await http.request({ url: '/found', query: { cursor, greeting } });
          if (answer.status === 429) throw new ActionError('PROBE_LIMITED', 'too fast', { kind: 'retryable' });
          return answer.json(z.any());
        },
      },
    }),
  },
});
