/** What the runtime's own role may do: no more than its code does, and nothing at all to the audit but read it. */
const grants = {
  tenants: 'select, insert',
  workspaces: 'select, insert, update',
  artifacts: 'select, insert',
  enablements: 'select, insert, update, delete',
  connections: 'select, insert, update',
  credentials: 'select, insert, update',
  tenant_keys: 'select, insert, update',
  endpoints: 'select, insert, update',
  deliveries: 'select, insert, update, delete',
  events: 'select, insert',
  runs: 'select, insert, update',
  run_steps: 'select, insert, update',
  approvals: 'select, insert, update',
  policies: 'select, insert',
  audit_entries: 'select',
  audit_heads: 'select',
} as const;

/** Artifacts belong to the deployment: every other table has rows of one tenant each. */
const tenantTables = Object.keys(grants).filter((table) => table !== 'artifacts');

export const grantStatements = [
  'grant usage on schema connector to connector_app',
  ...Object.entries(grants).map(([table, rights]) => `grant ${rights} on connector.${table} to connector_app`),
  'revoke all on function connector.audit_append(uuid, uuid, text, text) from public',
  'grant execute on function connector.audit_append(uuid, uuid, text, text) to connector_app',
  ...tenantTables.flatMap((table) => {
    const column = table === 'tenants' ? 'id' : 'tenant_id';
    return [
      `alter table connector.${table} enable row level security`,
      `alter table connector.${table} force row level security`,
      `create policy tenant on connector.${table} using (
        ${column}::text = (select current_setting('connector.tenant', true))
        or (select current_setting('connector.tenant', true)) = '*')`,
    ];
  }),
];
