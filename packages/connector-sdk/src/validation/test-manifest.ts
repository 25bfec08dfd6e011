import type { Json } from './rule.ts';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** A manifest that no rule has anything against, in either profile. Fragments of rules' examples are put into it. */
export function sampleManifest(): Record<string, Json> {
  return {
    $schema: 'urn:org:connector-manifest:v1',
    manifestVersion: 1,
    id: 'acme-desk',
    version: '1.4.0',
    publisher: 'acme',
    title: 'Acme Desk',
    description: 'Reads, comments and closes the tickets of a help desk.',
    engines: { runtime: '>=0.1.0 <2.0.0' },
    scopes: {
      'ticket.read': {
        title: 'Read tickets',
        description: 'See every ticket of the desk.',
        provider: ['tickets:read'],
      },
      'ticket.write': {
        title: 'Change tickets',
        description: 'Close, open and comment tickets.',
        provider: ['tickets:write'],
      },
    },
    connection: {
      config: object({
        host: {
          type: 'string',
          description: 'Where the desk is, with https://.',
          pattern: '^https://[a-z0-9-]+\\.desk\\.example$',
          maxLength: 255,
          examples: ['https://support.desk.example'],
        },
      }),
      auth: {
        token: { kind: 'api_key', title: 'API key', header: 'authorization', prefix: 'Bearer ' },
        app: {
          kind: 'custom',
          title: 'Desk app',
          hosts: ['login.desk.example'],
          secret: object({
            privateKey: { type: 'string', description: 'The key of the app, a .pem file.', maxLength: 8192 },
          }),
        },
        oauth2: {
          kind: 'oauth2',
          title: 'Sign in with Acme',
          grants: ['authorization_code', 'refresh_token'],
          authorizationUrl: 'https://login.desk.example/authorize',
          tokenUrl: 'https://login.desk.example/token',
        },
      },
      allowedHosts: ['desk.example', '*.desk.example', '{config.host}'],
      baseUrl: 'https://desk.example',
      rateLimit: { requestsPerMinute: 60, concurrency: 2 },
    },
    actions: {
      'get-ticket': {
        title: 'Get a ticket',
        description: 'Reads one ticket by its id.',
        effect: 'read',
        risk: 'low',
        scopes: ['ticket.read'],
        idempotency: { mode: 'safe', resolve: false },
        reversible: null,
        timeoutMs: 30_000,
        input: ticket(),
        output: result(),
      },
      'close-ticket': write('Close a ticket', 'Closes one ticket.', 'reopen-ticket'),
      'reopen-ticket': write('Reopen a ticket', 'Opens one closed ticket again.', 'close-ticket'),
      'add-comment': {
        ...write('Add a comment', 'Writes a comment below one ticket.', 'withdraw-comment'),
        idempotency: { mode: 'marker', settleSeconds: 10, resolve: true },
        reversible: { by: 'compensation', action: 'withdraw-comment' },
        input: {
          ...object({
            id: id(),
            text: { type: 'string', description: 'What the comment says.', minLength: 1, maxLength: 400 },
            kind: { type: 'string', description: 'Who may read it.', enum: ['internal', 'public'] },
            labels: {
              type: 'array',
              description: 'Labels that the ticket gets.',
              maxItems: 10,
              items: { type: 'string', maxLength: 40 },
            },
            limit: { type: 'integer', description: 'How many to answer with.', minimum: 1, maximum: 100, default: 20 },
          }),
          examples: [{ id: EXAMPLE_ID, text: 'Looking into it.' }],
        },
      },
      'withdraw-comment': {
        ...write('Withdraw a comment', 'Replaces a comment by a line that says so.', 'add-comment'),
        reversible: { by: 'compensation', action: 'add-comment' },
      },
    },
    triggers: {
      'ticket-changed': {
        title: 'Ticket changed',
        description: 'A ticket was opened, changed or closed.',
        scopes: ['ticket.read'],
        event: object({ id: { type: 'string' }, changedAt: { type: 'string', format: 'date-time' } }),
        webhook: {
          verification: {
            scheme: 'hmac-sha256',
            signatureHeader: 'X-Desk-Signature',
            encoding: 'hex',
            payload: '{timestamp}.{body}',
            timestampHeader: 'X-Desk-Timestamp',
            toleranceSeconds: 300,
          },
          contentTypes: ['application/json'],
          deliveryId: { header: 'X-Desk-Delivery' },
          maxBodyBytes: 262_144,
          headers: ['x-desk-event'],
        },
        polling: { intervalSeconds: 60, overlapSeconds: 30 },
      },
    },
    approvalChannels: {
      'desk-approval': {
        title: 'Approval in a ticket',
        description: 'Asks in the comments of a ticket.',
        scopes: ['ticket.write'],
        target: ticket(),
        interaction: {
          verification: { scheme: 'standard-webhooks', version: 'v1' },
          contentTypes: ['application/json'],
          deliveryId: { header: 'webhook-id' },
          maxBodyBytes: 65_536,
        },
      },
    },
  };
}

/** The sample with the value at a JSON pointer replaced, or removed by `undefined`. */
export function changed(
  pointer: string,
  value: Json | undefined,
  manifest: Record<string, Json> = sampleManifest(),
): Record<string, Json> {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let at: Json = manifest;
  for (const key of keys) at = child(at, key);
  if (typeof at !== 'object' || at === null) throw new Error(`${pointer} is not in the sample`);
  if (Array.isArray(at)) at[Number(last)] = value ?? null;
  else if (value === undefined) delete at[last];
  else at[last] = value;
  return manifest;
}

function child(value: Json, key: string): Json {
  const next = Array.isArray(value)
    ? value[Number(key)]
    : typeof value === 'object' && value !== null
      ? value[key]
      : undefined;
  if (next === undefined) throw new Error(`${key} is not in the sample`);
  return next;
}

const EXAMPLE_ID = '0123456789abcdef0123456789abcdef';

function object(properties: { [name: string]: Json }): { [key: string]: Json } {
  const required = Object.keys(properties).slice(0, 1);
  return { $schema: DIALECT, type: 'object', additionalProperties: false, properties, required };
}

function id(): Json {
  return { type: 'string', description: 'The id of the ticket.', pattern: '^[0-9a-f]{32}$' };
}

function ticket(): { [key: string]: Json } {
  return { ...object({ id: id() }), examples: [{ id: EXAMPLE_ID }] };
}

function result(): { [key: string]: Json } {
  return object({ id: { type: 'string' }, text: { type: 'string' } });
}

function write(title: string, description: string, undo: string): { [key: string]: Json } {
  return {
    title,
    description,
    effect: 'write',
    risk: 'low',
    scopes: ['ticket.write'],
    idempotency: { mode: 'natural', resolve: false },
    reversible: { by: 'undo', action: undo },
    timeoutMs: 30_000,
    input: ticket(),
    output: result(),
  };
}
