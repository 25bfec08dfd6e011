import * as z from 'zod';
import { z as z3 } from 'zod/v3';
import {
  ActionError,
  defineAction,
  defineApprovalChannel,
  defineAuth,
  defineConnection,
  defineConnector,
  defineTrigger,
  reverseWith,
} from './index.ts';

// What authors write, with no type asserted: `input`, `output`, `config`, `target` and `secret` are inferred.

const config = z.strictObject({
  baseUrl: z
    .string()
    .max(200)
    .regex(/^https:\/\/[a-z0-9.-]+$/),
  team: z.string().max(20),
});
const connection = defineConnection({
  config,
  auth: {
    key: { kind: 'api_key', title: 'Key', header: 'Authorization', prefix: 'Bearer ' },
    app: defineAuth({
      kind: 'custom',
      title: 'App',
      hosts: ['{config.baseUrl}'],
      config,
      secret: z.strictObject({ key: z.string().max(500) }),
      async authenticate({ secret, config, http, now }) {
        const response = await http.request({
          method: 'POST',
          url: `/login/${config.team}`,
          json: { key: secret.key },
        });
        const { token } = response.json(z.object({ token: z.string() }));
        return { headers: { authorization: token }, expiresAt: new Date(now + 60_000).toISOString() };
      },
    }),
  },
  allowedHosts: ['{config.baseUrl}'],
  baseUrl: '{config.baseUrl}',
  rateLimit: { requestsPerMinute: 60, concurrency: 2 },
  test: async ({ config }) => ({ account: config.team }),
});

const cancelOrder = defineAction({
  title: 'Cancel an order',
  description: 'Cancels one order.',
  effect: 'write',
  risk: 'high',
  scopes: ['order.write'],
  idempotency: { mode: 'natural' },
  input: z.strictObject({ orderId: z.string().max(40), reason: z.string().max(200).optional() }),
  output: z.object({ cancelled: z.boolean() }),
  async run({ input, http }) {
    const { ok } = await http.request({
      method: 'DELETE',
      url: `/orders/${input.orderId}`,
      query: { why: input.reason },
    });
    if (!ok) throw new ActionError('SHOP_REFUSED', 'the shop did not cancel the order: look at its state');
    return { cancelled: true };
  },
});

const placeOrder = defineAction({
  title: 'Place an order',
  description: 'Places one order, found again by its reference.',
  effect: 'write',
  risk: 'high',
  scopes: ['order.write'],
  config,
  idempotency: { mode: 'marker', settleSeconds: 60 },
  input: z.strictObject({ sku: z.string().max(20), count: z.int().min(1).max(10).default(1) }),
  output: z.object({ orderId: z.string(), price: z.number() }),
  reversible: {
    compensation: reverseWith(cancelOrder, ({ output }: { output: { orderId: string } }) => output),
  },
  async run({ input, config, http, idempotencyKey }) {
    const json = { sku: input.sku.toUpperCase(), count: input.count + 0, team: config.team, reference: idempotencyKey };
    const response = await http.request({ method: 'POST', url: '/orders', json });
    return response.json(z.object({ orderId: z.string(), price: z.number() }));
  },
  async resolve({ http, idempotencyKey }) {
    const response = await http.request({ url: '/orders', query: { reference: idempotencyKey } });
    const [found] = response.json(z.array(z.object({ orderId: z.string(), price: z.number() })));
    return found ? { outcome: 'applied', output: found } : { outcome: 'not-applied' };
  },
});

/** A sender that proves itself by a secret only. */
const orderPaid = defineTrigger({
  title: 'Order paid',
  description: 'An order was paid.',
  scopes: ['order.read'],
  event: z.object({ orderId: z.string(), paidAt: z.iso.datetime() }),
  eventKey: ({ orderId, paidAt }) => `${orderId}:${paidAt}`,
  webhook: {
    verification: { scheme: 'shared-secret-header', header: 'X-Shop-Token' },
    contentTypes: ['application/json'],
    deliveryId: { pointer: '/id' },
    maxBodyBytes: 65_536,
    parse(delivery) {
      const { data } = z.object({ data: z.object({ orderId: z.string(), paidAt: z.string() }) }).parse(delivery.json());
      return [data];
    },
  },
});

/** A vendor without webhooks. */
const stockChanged = defineTrigger({
  title: 'Stock changed',
  description: 'The stock of an article changed.',
  scopes: ['order.read'],
  config,
  event: z.object({ sku: z.string(), version: z.int() }),
  eventKey: ({ sku, version }) => `${sku}:${version}`,
  polling: {
    intervalSeconds: 60,
    overlapSeconds: 120,
    async poll({ http, config }, cursor) {
      const response = await http.request({ url: `/${config.team}/stock`, query: { since: cursor } });
      const page = response.json(
        z.object({ items: z.array(z.object({ sku: z.string(), version: z.int() })), next: z.string() }),
      );
      return { events: page.items, cursor: page.next, more: page.items.length === 100 };
    },
  },
});

/** Written with zod 3. */
const getOrder = defineAction({
  title: 'Get an order',
  description: 'Reads one order.',
  effect: 'read',
  risk: 'low',
  scopes: ['order.read'],
  input: z3.object({ orderId: z3.string().max(40), lines: z3.boolean().default(false) }).strict(),
  output: z3.object({ orderId: z3.string(), lines: z3.array(z3.object({ sku: z3.string() })).optional() }),
  async run({ input }) {
    return input.lines ? { orderId: input.orderId, lines: [{ sku: 'a' }] } : { orderId: input.orderId.trim() };
  },
});

const desk = defineApprovalChannel({
  title: 'Desk',
  description: 'Asks at the desk.',
  scopes: ['order.read'],
  config,
  target: z.strictObject({ desk: z.string().max(20) }),
  interaction: {
    verification: { scheme: 'standard-webhooks', version: 'v1' },
    contentTypes: ['application/json'],
    deliveryId: { header: 'webhook-id' },
    maxBodyBytes: 65_536,
  },
  async request({ http, target, config, idempotencyKey }, { approvalId, title }) {
    await http.request({
      method: 'POST',
      url: `/${config.team}/desks/${target.desk}`,
      json: { title, approvalId, idempotencyKey },
    });
    return { desk: target.desk, approvalId };
  },
  async update({ http }, ref, { decision }) {
    await http.request({ method: 'PATCH', url: `/desks/${ref.desk ?? ''}`, json: { decision } });
  },
  parseDecision(delivery) {
    const parsed = z
      .object({ approvalId: z.string(), decision: z.enum(['approved', 'denied']), actor: z.string() })
      .safeParse(delivery.json());
    return parsed.success ? parsed.data : undefined;
  },
});

export const shop = defineConnector({
  id: 'shop',
  publisher: 'acme',
  title: 'Shop',
  description: 'Orders and stock.',
  engines: { runtime: '>=0.1.0 <1.0.0' },
  scopes: {
    'order.read': { title: 'Read orders', description: 'See orders and stock.', provider: ['orders:read'] },
    'order.write': { title: 'Change orders', description: 'Place and cancel orders.', provider: ['orders:write'] },
  },
  connection,
  actions: { 'cancel-order': cancelOrder, 'place-order': placeOrder, 'get-order': getOrder },
  triggers: { 'order-paid': orderPaid, 'stock-changed': stockChanged },
  approvalChannels: { desk },
});
