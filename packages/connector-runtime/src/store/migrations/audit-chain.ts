/**
 * The chain: hash = SHA-256(previous hash || seq as 8 bytes, big endian || body as UTF-8), the first previous hash being zero.
 * Appending locks the tenant's head until the transaction ends, so the chain has neither gaps nor forks. The writer's role has
 * no right to write either table: only this function, which runs as the owner, does.
 */
export const auditStatements = [
  `create function connector.audit_append(tenant uuid, run uuid, kind text, body text) returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
  declare
    scope text := current_setting('connector.tenant', true);
    last_seq bigint;
    last_hash bytea;
    new_hash bytea;
  begin
    if scope is null or (scope <> '*' and scope <> tenant::text) then
      raise exception 'audit_append: this session may not write the chain of another tenant' using errcode = '42501';
    end if;
    select h.seq, h.hash into last_seq, last_hash
      from connector.audit_heads h where h.tenant_id = tenant for update;
    if not found then
      insert into connector.audit_heads (tenant_id, seq, hash) values (tenant, 0, decode(repeat('00', 32), 'hex'))
        on conflict do nothing;
      select h.seq, h.hash into strict last_seq, last_hash
        from connector.audit_heads h where h.tenant_id = tenant for update;
    end if;
    new_hash := sha256(last_hash || int8send(last_seq + 1) || convert_to(body, 'UTF8'));
    insert into connector.audit_entries (tenant_id, seq, run_id, kind, body, previous_hash, hash)
      values (tenant, last_seq + 1, run, kind, body, last_hash, new_hash);
    update connector.audit_heads h set seq = last_seq + 1, hash = new_hash where h.tenant_id = tenant;
    return last_seq + 1;
  end $$`,
  // Retention is a database administrator's act: it takes a superuser and a setting, so that no slip does it.
  `create function connector.audit_refuse() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
  begin
    if current_setting('connector.audit_maintenance', true) = 'on'
      and (select r.rolsuper from pg_roles r where r.rolname = current_user) then
      return null;
    end if;
    raise exception 'audit: % on % is refused, the trail is append-only', tg_op, tg_table_name using errcode = '42501';
  end $$`,
  `create trigger audit_entries_append_only before update or delete or truncate on connector.audit_entries
    for each statement execute function connector.audit_refuse()`,
  `create trigger audit_heads_kept before delete or truncate on connector.audit_heads
    for each statement execute function connector.audit_refuse()`,
];
