/**
 * Leases a slice of a connection's budget to a node: one statement, under the budget's row lock, by the database's clock.
 *
 * Requests come from a GCRA whose parameters leave room for what is leased: a request may leave as late as its lease ends, so
 * that `burst + (60 + lease) / step` has to stay below one more than the rate for no minute ever to see more than the rate.
 * What a node did not use it gives back by asking again; that undoes its last grant, and is exact only while nobody was
 * granted anything after it (`turn`).
 *
 * The concurrency is shared evenly among the nodes that want it; where there is less than one slot for each they take turns of
 * a second. Slots in use cannot be taken away: they count until the node says that they are free, or its lease ends. Who gets
 * nothing while others hold something says so to them by a notification, and so does who gives something up.
 */
export const leaseRate = [
  `create function connector.lease_rate(
    for_tenant uuid, for_connection uuid, for_node uuid, default_rate integer, default_concurrency integer,
    wanted_tokens integer, wanted_slots integer, used_slots integer, unused_tokens integer, last_turn bigint,
    lease_ms integer, horizon_ms integer, given_now timestamptz
  ) returns table (turn bigint, tokens integer, first_ms double precision, step_ms double precision,
    slots integer, concurrency integer, blocked_ms double precision)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  #variable_conflict use_variable
  declare
    budget connector.rate_budgets;
    moment timestamptz;
    lease interval := make_interval(secs => lease_ms / 1000.0);
    horizon interval := make_interval(secs => horizon_ms / 1000.0);
    rate integer; burst integer; step double precision; base timestamptz; whole integer;
    others integer; taken integer; contended boolean; fair integer; allowed integer;
    held integer := 0; since timestamptz; kept integer;
  begin
    insert into connector.rate_budgets (connection_id, tenant_id) values (for_connection, for_tenant)
      on conflict do nothing;
    select b.* into strict budget from connector.rate_budgets b
      where b.connection_id = for_connection and b.tenant_id = for_tenant for update;
    moment := coalesce(given_now, clock_timestamp());
    delete from connector.rate_leases l
      where l.connection_id = for_connection and l.tenant_id = for_tenant and l.expires_at <= moment;

    rate := coalesce(budget.requests_per_minute, default_rate);
    concurrency := coalesce(budget.concurrency, default_concurrency);
    burst := greatest(1, rate / 20);
    step := (60.001 + lease_ms / 1000.0) / (rate + 1 - burst);
    base := budget.next_at;
    if last_turn = budget.turn and unused_tokens > 0 then
      base := base - make_interval(secs => unused_tokens * budget.step_seconds);
    end if;
    base := greatest(base, moment);

    select count(*), coalesce(sum(l.slots), 0) into others, taken from connector.rate_leases l
      where l.connection_id = for_connection and l.tenant_id = for_tenant and l.node_id <> for_node;
    select l.slots, l.held_since into held, since from connector.rate_leases l
      where l.connection_id = for_connection and l.tenant_id = for_tenant and l.node_id = for_node;
    held := coalesce(held, 0);
    fair := greatest(1, concurrency / (others + 1));
    contended := exists (select 1 from connector.rate_leases l
      where l.connection_id = for_connection and l.tenant_id = for_tenant and l.node_id <> for_node
        and l.slots < least(l.wanted_slots, fair));
    allowed := case
      when not contended then concurrency
      when others + 1 > concurrency and held > 0 and moment - since >= interval '1 second' then 0
      else fair end;
    blocked_ms := greatest(0, coalesce(extract(epoch from budget.blocked_until - moment) * 1000, 0));
    slots := case when blocked_ms > 0 then 0 else greatest(0, least(wanted_slots, concurrency - taken, allowed)) end;

    whole := burst + floor(horizon_ms / 1000.0 / step);
    tokens := case when slots = 0 then 0 else greatest(0, least(
      wanted_tokens,
      floor(extract(epoch from moment + horizon - base) / step)::integer + burst,
      ceil(whole::numeric / (others + 1))::integer)) end;
    first_ms := extract(epoch from base - moment) * 1000 - (burst - 1) * step * 1000;
    step_ms := step * 1000;
    turn := budget.turn + case when tokens > 0 then 1 else 0 end;
    update connector.rate_budgets b
      set next_at = base + make_interval(secs => tokens * step), turn = turn, step_seconds = step
      where b.connection_id = for_connection and b.tenant_id = for_tenant;

    kept := greatest(slots, used_slots);
    if wanted_slots = 0 and kept = 0 then
      delete from connector.rate_leases l
        where l.connection_id = for_connection and l.tenant_id = for_tenant and l.node_id = for_node;
    else
      insert into connector.rate_leases as l
          (connection_id, node_id, tenant_id, wanted_slots, slots, held_since, expires_at)
        values (for_connection, for_node, for_tenant, wanted_slots, kept, moment, moment + lease)
        on conflict (connection_id, node_id) do update
          set wanted_slots = excluded.wanted_slots, slots = excluded.slots, expires_at = excluded.expires_at,
            held_since = case when l.slots > 0 and excluded.slots > 0 then l.held_since else excluded.held_since end;
    end if;
    if others > 0 and blocked_ms = 0 and
      (kept < held or (wanted_slots > 0 and slots = 0) or (wanted_tokens > 0 and tokens = 0)) then
      perform pg_notify('connector_limits',
        json_build_object('kind', 'share', 'connectionId', for_connection, 'nodeId', for_node)::text);
    end if;
    return next;
  end $$`,
  'revoke all on function connector.lease_rate from public',
  'grant execute on function connector.lease_rate to connector_app',
];
