/** Rows of a table are there for their own tenant, and for what works for all. */
export const tenantOnly = (table: string): string[] => [
  `alter table connector.${table} enable row level security`,
  `alter table connector.${table} force row level security`,
  `create policy tenant on connector.${table} using (
    tenant_id::text = (select current_setting('connector.tenant', true))
    or (select current_setting('connector.tenant', true)) = '*')`,
];
