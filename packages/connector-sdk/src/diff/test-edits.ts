import type { Manifest } from '../manifest.ts';
import { parseManifest } from '../manifest.ts';

/** JSON pointers and what is put there; `undefined` removes. */
export type Edit = Readonly<Record<string, unknown>>;

const schema = (body: object) => ({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', ...body });

/** A manifest with one of everything. */
export function readSample(): Manifest {
  const scope = (title: string, provider: string[]) => ({ title, description: `${title}.`, provider });
  const reception = {
    verification: { scheme: 'standard-webhooks', version: 'v1' },
    contentTypes: ['application/json'],
    deliveryId: { header: 'webhook-id' },
    maxBodyBytes: 1_000_000,
  };
  const manifest = {
    $schema: 'urn:org:connector-manifest:v1',
    manifestVersion: 1,
    id: 'acme-desk',
    version: '1.4.0',
    publisher: 'acme',
    title: 'Acme Desk',
    description: 'Reads and closes tickets.',
    engines: { runtime: '>=0.1.0' },
    scopes: { 'ticket.write': scope('Change tickets', []), 'ticket.read': scope('Read tickets', ['r']) },
    connection: {
      config: schema({
        additionalProperties: false,
        properties: { site: { type: 'string', pattern: '^https://[a-z]+\\.desk\\.example$' } },
      }),
      auth: {
        token: { kind: 'api_key', title: 'Token', header: 'authorization' },
        app: { kind: 'custom', title: 'App', hosts: ['login.desk.example'], secret: schema({ properties: {} }) },
        oauth: {
          kind: 'oauth2',
          title: 'OAuth',
          grants: ['client_credentials'],
          tokenUrl: 'https://desk.example/token',
          revocationUrl: 'https://desk.example/revoke',
        },
      },
      allowedHosts: ['desk.example'],
      baseUrl: 'https://desk.example',
      rateLimit: { requestsPerMinute: 60, concurrency: 2 },
    },
    actions: {
      'close-ticket': {
        title: 'Close a ticket',
        description: 'Closes one ticket.',
        effect: 'write',
        risk: 'low',
        scopes: ['ticket.write'],
        idempotency: { mode: 'marker', settleSeconds: 10, resolve: true },
        reversible: { by: 'undo', action: 'close-ticket' },
        timeoutMs: 30_000,
        input: schema({
          additionalProperties: false,
          required: ['id'],
          properties: {
            id: { type: 'string', pattern: '^[0-9a-f]{32}$' },
            note: { type: 'string', maxLength: 400, description: 'Why.' },
            tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 5 },
            at: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
          },
        }),
        output: schema({ additionalProperties: false, properties: { text: { type: 'string' } } }),
      },
    },
    triggers: {
      'ticket-changed': {
        title: 'Ticket changed',
        description: 'A ticket changed.',
        scopes: [],
        event: schema({ additionalProperties: false, required: ['id'], properties: { id: { type: 'string' } } }),
        webhook: reception,
        polling: { intervalSeconds: 60, overlapSeconds: 30 },
      },
    },
    approvalChannels: {
      'desk-chat': {
        title: 'Chat',
        description: 'Asks in the chat.',
        scopes: ['ticket.read'],
        target: schema({ properties: { room: { type: 'string' } } }),
        interaction: reception,
      },
    },
  };
  return parseManifest(new TextEncoder().encode(JSON.stringify(manifest)));
}

/** A copy of a manifest with changes that need not leave it valid. Throws when a pointer leads nowhere. */
export function editManifest(manifest: Manifest, edits: Edit): Manifest {
  const copy = structuredClone(manifest);
  for (const [pointer, value] of Object.entries(edits)) {
    const keys = pointer
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop();
    let at: object = copy;
    for (const key of keys) {
      const next: unknown = Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
      if (typeof next !== 'object' || next === null) throw new Error(`${pointer} leads nowhere`);
      at = next;
    }
    if (last === undefined) throw new Error('the whole manifest is not to be replaced');
    if (value === undefined) Reflect.deleteProperty(at, last);
    else
      Object.defineProperty(at, last, {
        value: structuredClone(value),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return copy;
}
