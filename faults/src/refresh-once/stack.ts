import {
  type Credentials,
  createAuditTrail,
  createBroker,
  createCredentials,
  createLocalWrapper,
  createTokenHttp,
  createVault,
  resolveAllowedHosts,
  resolveTemplate,
  type Secret,
  type Store,
  silentLog,
  systemClock,
} from '@org/connector-runtime/stages';

type Options = Parameters<typeof createCredentials>[0];
type Manifest = Awaited<ReturnType<Options['connections']['enabled']>>['manifest'];

/** Everything of a node that has to do with credentials, over a database that it shares with others. */
export function createCredentialStack(
  { db }: Pick<Store, 'db'>,
  masterKey: Secret,
  onAsking: () => void = () => undefined,
): { readonly credentials: Credentials; stop(): Promise<void> } {
  const clock = systemClock;
  const broker = createBroker({ clock, log: silentLog, allowedPrivate: ['127.0.0.1'] });
  const network = createTokenHttp(broker, { resolveTemplate, resolveAllowedHosts });
  const credentials = createCredentials({
    db,
    vault: createVault({ db, wrappers: [createLocalWrapper(masterKey)] }),
    connections: {
      async connection(tenantId, id) {
        const { status, ...row } = await db
          .selectFrom('connector.connections')
          .select(['id', 'connector', 'config', 'auth', 'status'])
          .where('tenant_id', '=', tenantId)
          .where('id', '=', id)
          .executeTakeFirstOrThrow();
        return { ...row, status, tenantId };
      },
      enabled: async () => ({ digest: 'sha256:none', manifest }),
    },
    tokenHttp: {
      ...network,
      open(urls, connection) {
        const http = network.open(urls, connection);
        return {
          request(request) {
            onAsking();
            return http.request(request);
          },
        };
      },
    },
    callAuth: () => Promise.reject(new Error('there is no custom auth here')),
    resolveSecrets: async (_tenant, values) => texts(values),
    requireAllowedReferences: async () => undefined,
    clock,
    audit: createAuditTrail({ db, clock }),
    scrubber: { register: () => undefined, unregister: () => undefined },
    log: silentLog,
  });
  return { credentials, stop: () => broker.stop() };
}

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

const manifest: Manifest = {
  $schema: 'urn:org:connector-manifest:v1',
  manifestVersion: 1,
  id: 'rotating',
  version: '1.0.0',
  publisher: 'faults',
  title: 'Rotating',
  description: 'A provider that rotates its refresh tokens.',
  engines: { runtime: '>=0.0.0' },
  scopes: {},
  connection: {
    config: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
    auth: {
      oauth: {
        kind: 'oauth2',
        title: 'OAuth',
        grants: ['authorization_code', 'refresh_token'],
        tokenUrl: '{config.provider}/token',
        clientAuthentication: 'post',
      },
    },
    allowedHosts: ['{config.provider}'],
    baseUrl: '{config.provider}',
    rateLimit: { requestsPerMinute: 60, concurrency: 4 },
  },
  actions: {},
  triggers: {},
  approvalChannels: {},
};
