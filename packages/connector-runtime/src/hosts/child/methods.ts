import type { AnyTrigger, CallContext, ConnectorDefinition, Resolution, Schema } from '@org/connector-sdk';
import { readDelivery } from './delivery.ts';
import { HostError } from './host-error.ts';
import type { HostMethod, HostMethods } from './methods-wire.ts';

/** The parts of a call that the method does not bring itself. */
type Ambient = Omit<CallContext, 'config'>;

type Implementation<M extends HostMethod> = (
  connector: ConnectorDefinition,
  params: HostMethods[M]['params'],
  ambient: Ambient,
) => Promise<HostMethods[M]['answer']>;

/** What a host can be asked, each with the connector's own schemas around the connector's own code. */
export const methods: { readonly [M in HostMethod]: Implementation<M> } = {
  async 'run-action'(connector, params, ambient) {
    const { action, context } = await prepareAction(connector, params, ambient);
    const output = await action.run(context as never);
    return parseWith(action.output, output, 'ACTION_OUTPUT_INVALID', `The output of ${params.action}`);
  },

  async 'resolve-action'(connector, params, ambient) {
    const { action, context } = await prepareAction(connector, params, ambient);
    if (!action.resolve) throw new HostError('ACTION_UNKNOWN', `${params.action} has no resolve`);
    const resolution: Resolution<unknown> = await action.resolve(context as never);
    if (resolution.outcome !== 'applied') return resolution;
    const what = `The resolved output of ${params.action}`;
    return {
      outcome: 'applied',
      output: await parseWith(action.output, resolution.output, 'ACTION_OUTPUT_INVALID', what),
    };
  },

  async 'parse-delivery'(connector, params) {
    const trigger = pick(connector.triggers, params.trigger, 'TRIGGER_UNKNOWN', 'trigger');
    if (!trigger.webhook) throw new HostError('TRIGGER_UNKNOWN', `${params.trigger} takes no webhooks`);
    const found = await trigger.webhook.parse(readDelivery(params.delivery));
    return readEvents(trigger, found, 'DELIVERY_UNPARSABLE', `An event of ${params.trigger}`);
  },

  async 'poll-trigger'(connector, params, ambient) {
    const trigger = pick(connector.triggers, params.trigger, 'TRIGGER_UNKNOWN', 'trigger');
    if (!trigger.polling) throw new HostError('TRIGGER_UNKNOWN', `${params.trigger} does not poll`);
    const config = await parseConfig(connector, params.config);
    const page = await trigger.polling.poll({ ...ambient, config } as never, params.cursor ?? undefined);
    const events = await readEvents(trigger, page.events, 'POLL_EVENT_INVALID', `An event of ${params.trigger}`);
    return { events, cursor: page.cursor, more: page.more };
  },

  async 'parse-decision'(connector, params) {
    const channel = pick(connector.approvalChannels, params.channel, 'CHANNEL_UNKNOWN', 'approval channel');
    return channel.parseDecision(readDelivery(params.delivery)) ?? null;
  },

  async 'request-approval'(connector, params, ambient) {
    const { channel, context } = await prepareChannel(connector, params, ambient);
    return channel.request(context as never, params.approval);
  },

  async 'update-approval'(connector, params, ambient) {
    const { channel, context } = await prepareChannel(connector, params, ambient);
    await channel.update(context as never, params.ref, params.decision);
    return null;
  },

  async 'progress-approval'(connector, params, ambient) {
    const { channel, context } = await prepareChannel(connector, params, ambient);
    await channel.progress?.(context as never, params.ref, params.progress);
    return null;
  },

  async 'remind-approval'(connector, params, ambient) {
    const { channel, context } = await prepareChannel(connector, params, ambient);
    await channel.remind?.(context as never, params.ref, params.progress);
    return null;
  },

  async 'is-group-member'(connector, { channel: name, config, actor, group }, ambient) {
    const channel = pick(connector.approvalChannels, name, 'CHANNEL_UNKNOWN', 'approval channel');
    if (!channel.groups) throw new HostError('CHANNEL_GROUPS_UNKNOWN', `${name} knows no groups`);
    const context = { ...ambient, config: await parseConfig(connector, config) };
    return channel.groups.isMember(context as never, { actor, group });
  },

  async authenticate(connector, params, ambient) {
    const auth = pick(connector.connection.auth, params.auth, 'CREDENTIAL_INVALID', 'auth');
    if (auth.kind !== 'custom') throw new HostError('CREDENTIAL_INVALID', `${params.auth} runs no code`);
    const config = await parseConfig(connector, params.config);
    const secret = await parseSecret(auth.secret, params.secret);
    return auth.authenticate({ ...ambient, config, secret, now: params.now } as never);
  },

  async 'test-connection'(connector, params, ambient) {
    const config = await parseConfig(connector, params.config);
    return connector.connection.test({ ...ambient, config } as never);
  },
};

async function readEvents(trigger: AnyTrigger, found: readonly unknown[], code: string, what: string) {
  const events: { eventKey: string; data: unknown; occurredAt?: string }[] = [];
  for (const event of found) {
    const data = await parseWith(trigger.event, event, code, what);
    const occurredAt = trigger.occurredAt?.(data as never);
    events.push({
      eventKey: trigger.eventKey(data as never),
      data,
      ...(occurredAt === undefined ? {} : { occurredAt }),
    });
  }
  return events;
}

async function prepareAction(
  connector: ConnectorDefinition,
  params: HostMethods['run-action']['params'],
  ambient: Ambient,
) {
  const action = pick(connector.actions, params.action, 'ACTION_UNKNOWN', 'action');
  const input = await parseWith(action.input, params.input, 'ACTION_INPUT_INVALID', `The input of ${params.action}`);
  const config = await parseConfig(connector, params.config);
  const { idempotencyKey, attempt } = params;
  return { action, context: { ...ambient, config, input, idempotencyKey, attempt } };
}

async function prepareChannel(
  connector: ConnectorDefinition,
  params: { channel: string; config: unknown; target: unknown; idempotencyKey: string },
  ambient: Ambient,
) {
  const channel = pick(connector.approvalChannels, params.channel, 'CHANNEL_UNKNOWN', 'approval channel');
  const target = await parseWith(channel.target, params.target, 'ACTION_INPUT_INVALID', 'The target of the approval');
  const config = await parseConfig(connector, params.config);
  return { channel, context: { ...ambient, config, target, idempotencyKey: params.idempotencyKey } };
}

function parseConfig(connector: ConnectorDefinition, config: unknown): Promise<unknown> {
  return parseWith(connector.connection.config, config, 'CONNECTION_CONFIG_INVALID', 'The config of the connection');
}

/** What a schema says about a secret may quote it: only the place is told. */
async function parseSecret(schema: Schema, secret: unknown): Promise<unknown> {
  const parsed = await schema.safeParseAsync(secret);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'its top';
  throw new HostError('CREDENTIAL_INVALID', `The secret of the connection does not fit at ${where}; store it again`);
}

async function parseWith(schema: Schema, value: unknown, code: string, what: string): Promise<unknown> {
  const parsed = await schema.safeParseAsync(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'its top';
  throw new HostError(code, `${what} does not fit its schema at ${where}: ${issue?.message ?? 'unknown'}`, {
    details: { path: where },
  });
}

function pick<T>(record: Readonly<Record<string, T>>, key: string, code: string, what: string): T {
  const value = Object.hasOwn(record, key) ? record[key] : undefined;
  if (value === undefined) throw new HostError(code, `The connector has no ${what} "${key}"`);
  return value;
}
