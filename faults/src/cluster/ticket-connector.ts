import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKeySigner, generateKeyPair, packArtifact, readArtifact, signArtifact } from '@org/connector-artifact';
import { type Manifest, manifestBytes } from '@org/connector-sdk';

/** As small as a connector can be: what it costs to start one is not what is tried here. */
const CODE = `
const anything = { safeParseAsync: async (data) => ({ success: true, data }) };
const noticed = {
  event: anything,
  eventKey: ({ ticket }) => ticket,
  webhook: { parse: (delivery) => [delivery.json()] },
};
const polling = {
  async poll({ http }, after = '0') {
    const answer = await http.request({ url: '/tickets', query: { after } });
    if (!answer.ok) throw new Error('the list was answered with ' + answer.status);
    return JSON.parse(answer.text());
  },
};
const record = {
  input: anything,
  output: anything,
  async run({ input, http, idempotencyKey }) {
    const answer = await http.request({ method: 'POST', url: '/records', json: { ...input, key: idempotencyKey } });
    if (!answer.ok) throw new Error('the write was answered with ' + answer.status);
    return { ticket: input.ticket };
  },
};
const look = {
  input: anything,
  output: anything,
  async run({ input, http }) {
    await http.request({ url: '/look' });
    return { ticket: input.ticket };
  },
};
const write = (mode) => ({
  input: anything,
  output: anything,
  async run({ input, http, idempotencyKey }) {
    const answer = await http.request({ method: 'POST', url: '/' + mode, json: { ...input, key: idempotencyKey } });
    if (!answer.ok) throw new Error('the write was answered with ' + answer.status);
    return { ticket: input.ticket };
  },
});
const marked = {
  ...write('marker'),
  async resolve({ input, http, idempotencyKey }) {
    const answer = await http.request({ url: '/marker', query: { key: idempotencyKey } });
    if (!answer.ok) throw new Error('the search was answered with ' + answer.status);
    return JSON.parse(answer.text()).found ? { outcome: 'applied', output: { ticket: input.ticket } } : { outcome: 'not-applied' };
  },
};
export default {
  connection: { config: anything, auth: {}, test: async () => ({ account: 'tickets' }) },
  triggers: { changed: { ...noticed, polling }, noticed, asked: noticed },
  actions: { record, look, 'write-natural': write('natural'), 'write-key': write('key'), 'write-marker': marked, 'write-none': write('none') },
};
`;

const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: { ticket: { type: 'string', maxLength: 100 } },
  required: ['ticket'],
  additionalProperties: false,
} as const;
const reception = { contentTypes: ['application/json'], maxBodyBytes: 10_000 };

function unsigned(title: string, description: string): Manifest['triggers'][string] {
  return {
    title,
    description,
    scopes: ['tickets'],
    event: schema,
    webhook: { ...reception, verification: { scheme: 'github-sha256' }, deliveryId: { header: 'x-github-delivery' } },
  };
}

/** A write of which only this is told: how a repeat is kept from taking effect twice. */
function writeAction(mode: 'natural' | 'key' | 'marker' | 'none'): Manifest['actions'][string] {
  const resolve = mode === 'marker';
  return {
    title: 'Write',
    description: `Writes a ticket in the mode ${mode}.`,
    effect: 'write',
    risk: 'low',
    scopes: ['tickets'],
    idempotency: { mode, resolve, ...(resolve && { settleSeconds: 1 }) },
    reversible: null,
    timeoutMs: 3_000,
    input: schema,
    output: schema,
  };
}

const manifest: Manifest = {
  $schema: 'urn:org:connector-manifest:v1',
  manifestVersion: 1,
  id: 'tickets',
  version: '1.0.0',
  publisher: 'faults',
  title: 'Tickets',
  description: 'Tells of tickets and records them.',
  engines: { runtime: '>=0.0.0' },
  scopes: { tickets: { title: 'Tickets', description: 'Tickets.', provider: ['tickets'] } },
  connection: {
    config: { ...schema, properties: { url: { type: 'string' } }, required: ['url'] },
    auth: { key: { kind: 'api_key', title: 'Key', header: 'x-key' } },
    allowedHosts: ['{config.url}'],
    baseUrl: '{config.url}',
    rateLimit: { requestsPerMinute: 600_000, concurrency: 100 },
  },
  actions: {
    look: {
      title: 'Look',
      description: 'Looks at a ticket.',
      effect: 'read',
      risk: 'low',
      scopes: ['tickets'],
      idempotency: { mode: 'safe', resolve: false },
      reversible: null,
      timeoutMs: 5_000,
      input: schema,
      output: schema,
    },
    'write-natural': writeAction('natural'),
    'write-key': writeAction('key'),
    'write-marker': writeAction('marker'),
    'write-none': writeAction('none'),
    record: {
      title: 'Record',
      description: 'Records a ticket once per key.',
      effect: 'write',
      risk: 'low',
      scopes: ['tickets'],
      idempotency: { mode: 'key', resolve: false },
      reversible: null,
      timeoutMs: 60_000,
      input: schema,
      output: schema,
    },
  },
  triggers: {
    changed: {
      title: 'Changed',
      description: 'A ticket changed; the sender signs the delivery’s id.',
      scopes: ['tickets'],
      event: schema,
      webhook: {
        ...reception,
        verification: { scheme: 'standard-webhooks', version: 'v1' },
        deliveryId: { header: 'webhook-id' },
      },
      polling: { intervalSeconds: 60, overlapSeconds: 0 },
    },
    noticed: unsigned('Noticed', 'A ticket was noticed; nothing signs the delivery’s id.'),
    asked: unsigned('Asked', 'A ticket is to be written; nothing signs the delivery’s id.'),
  },
  approvalChannels: {},
};

/** The signed artifact, with Slack’s beside it where it is wanted, and a policy that trusts them, as files for a config. */
export async function writeConnectors(
  folder: string,
  { slack = false }: { readonly slack?: boolean } = {},
): Promise<{ artifacts: readonly string[]; trust: string }> {
  const publishers: Record<string, object> = {};
  const sign = async (publisher: string, id: string, files: ReadonlyMap<string, Uint8Array>) => {
    const signer = createKeySigner(generateKeyPair().privateKeyPem);
    const { keyId, publicKeyPem: publicKey } = signer;
    publishers[publisher] = { keys: [{ keyId, publicKey, validFrom: '2020-01-01T00:00:00Z' }], allow: [id] };
    const path = join(folder, `${id}.tgz`);
    await writeFile(path, packArtifact(await signArtifact(files, signer, { signedAt: new Date() })));
    return path;
  };
  const own = new Map<string, Uint8Array>([
    ['manifest.json', manifestBytes(manifest)],
    ['connector.mjs', Buffer.from(CODE)],
  ]);
  const artifacts = [await sign(manifest.publisher, manifest.id, own)];
  if (slack) {
    const built = fileURLToPath(new URL('../artifact', import.meta.resolve('@org/connector-slack')));
    artifacts.push(await sign('org', 'slack', new Map(await readArtifact(built))));
  }
  const trust = join(folder, 'trust.json');
  await writeFile(trust, JSON.stringify({ trustVersion: 1, publishers }));
  return { artifacts, trust };
}
