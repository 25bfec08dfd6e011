export type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;

/** A manifest that no rule has anything against. */
export function sampleManifest(): Record<string, Json> {
  return {
    $schema: 'urn:org:connector-manifest:v1',
    manifestVersion: 1,
    id: 'acme-desk',
    version: '1.4.0',
    publisher: 'acme',
    title: 'Acme Desk',
    description: 'Reads and closes tickets.',
    engines: { runtime: '>=0.1.0' },
    scopes: { 'ticket.write': { title: 'Change tickets', description: 'Close and open tickets.', provider: [] } },
    connection: {
      config: schema(),
      auth: {
        token: { kind: 'api_key', title: 'Token', header: 'authorization' },
        app: { kind: 'custom', title: 'App', hosts: ['login.desk.example'], secret: schema() },
      },
      allowedHosts: ['desk.example', '*.desk.example', '{config.host}'],
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
        input: {
          ...schema(),
          properties: {
            id: { type: 'string', pattern: '^[0-9a-f]{32}$' },
            note: { type: 'string', maxLength: 400 },
            kind: { type: 'string', enum: ['a', 'b'] },
            at: { type: 'string', format: 'date-time' },
          },
        },
        output: { ...schema(), properties: { text: { type: 'string' } } },
      },
    },
    triggers: {
      'ticket-changed': {
        title: 'Ticket changed',
        description: 'A ticket changed.',
        scopes: [],
        event: schema(),
        polling: { intervalSeconds: 60, overlapSeconds: 30 },
      },
    },
    approvalChannels: {},
  };
}

/** The sample with the value at a JSON pointer replaced, or removed by `undefined`. */
export function changed(pointer: string, value: Json | undefined): Record<string, Json> {
  const manifest = sampleManifest();
  const keys = pointer.split('/').slice(1);
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

function schema(): { [key: string]: Json } {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', additionalProperties: false };
}
