/** A tenant with one connection and one endpoint. */
export interface Place {
  readonly tenantId: string;
  /** As a sender is told: beginning with the configured public address. */
  readonly hookUrl: string;
  readonly secret: string;
}

export interface Administrator {
  setUp(): Promise<Place>;
  list<Item>(what: 'runs' | 'deliveries', tenantId: string): Promise<Item[]>;
}

/** Someone with the admin token, who sets up what a webhook needs. */
export function createAdministrator(url: string, token: string): Administrator {
  async function ask<Answer>(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const request = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const response = await fetch(`${url}/admin/v1${path}`, request);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  return {
    async setUp() {
      const { artifacts } = await ask<{ artifacts: { digest: string }[] }>('GET', '/artifacts');
      const tenant = await ask<{ id: string; workspaceId: string }>('POST', '/tenants', { name: 'acme' });
      const of = `/tenants/${tenant.id}`;
      await ask('POST', `${of}/enablements`, { digest: artifacts[0]?.digest });
      const connection = await ask<{ id: string }>('POST', `${of}/connections`, {
        workspaceId: tenant.workspaceId,
        name: 'main',
        connector: 'servicenow',
        config: { instanceUrl: 'https://example.service-now.com' },
        auth: 'basic',
        secrets: { username: 'nobody', password: crypto.randomUUID() },
      });
      const endpoint = await ask<{ url: string; secret: string }>('POST', `${of}/endpoints`, {
        connectionId: connection.id,
        purpose: { kind: 'trigger', name: 'incident-changed' },
      });
      return { tenantId: tenant.id, hookUrl: endpoint.url, secret: endpoint.secret };
    },
    async list<Item>(what: 'runs' | 'deliveries', tenantId: string) {
      const answer = await ask<Record<string, Item[]>>('GET', `/tenants/${tenantId}/${what}`);
      return answer[what] ?? [];
    },
  };
}
