import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../types/database.ts';
import type { Decision } from '../types/run.ts';

export interface InvocationWindow {
  readonly tenantId: string;
  readonly since: Date;
  readonly workspaceId: string | undefined;
  readonly connector: string | undefined;
}

/** What policy can't tell apart: it says the same to all of them. */
export interface InvocationKind {
  readonly workspaceId: string;
  readonly workflow: string;
  /** Full name. */
  readonly action: string;
  readonly connectionId: string;
}

export interface InvocationGroup extends InvocationKind {
  readonly connectionName: string;
  readonly connector: string;
  readonly invocations: number;
  /** How many of them were decided how, then. */
  readonly decided: Readonly<Record<'allowed' | 'approval' | 'denied', number>>;
}

export interface PastInvocation extends InvocationKind {
  readonly runId: string;
  readonly stepKey: string;
  readonly at: Date;
  readonly decided: Decision['effect'];
}

export interface InvocationPage {
  readonly limit: number;
  /** The last one that was seen. */
  readonly after: { readonly runId: string; readonly stepKey: string } | undefined;
}

export interface Invocations {
  /** The most frequent first, up to `limit`. */
  groups(window: InvocationWindow, limit: number): Promise<readonly InvocationGroup[]>;
  /** All of them, also those of groups that were left out. */
  count(window: InvocationWindow): Promise<number>;
  /** Those of the kinds given, newest first. */
  list(
    window: InvocationWindow,
    kinds: readonly InvocationKind[],
    page: InvocationPage,
  ): Promise<readonly PastInvocation[]>;
}

/** What runs did, from their journals. */
export function createPostgresInvocations(db: Db): Invocations {
  return {
    async groups(window, limit) {
      const { rows } = await sql<InvocationGroup>`
        select r.workspace_id as "workspaceId", r.workflow, s.action, c.id as "connectionId", c.name as "connectionName",
          c.connector, count(*)::int as invocations,
          json_build_object(
            'allowed', count(*) filter (where ${DECIDED} = 'allow'),
            'approval', count(*) filter (where ${DECIDED} = 'require-approval'),
            'denied', count(*) filter (where ${DECIDED} = 'deny')) as decided
        ${within(window)}
        group by r.workspace_id, r.workflow, s.action, c.id, c.name, c.connector
        order by invocations desc, r.workspace_id, r.workflow, s.action, c.id
        limit ${limit}`.execute(db);
      return rows;
    },

    async count(window) {
      const { rows } = await sql<{ invocations: number }>`
        select count(*)::int as invocations ${within(window)}`.execute(db);
      return rows[0]?.invocations ?? 0;
    },

    async list(window, kinds, { limit, after }) {
      if (kinds.length === 0) return [];
      const wanted = JSON.stringify(
        kinds.map(({ workspaceId, workflow, action, connectionId }) => ({
          workspaceId,
          workflow,
          action,
          connectionId,
        })),
      );
      const { rows } = await sql<PastInvocation>`
        select r.id as "runId", s.key as "stepKey", s.created_at as at, r.workspace_id as "workspaceId", r.workflow,
          s.action, c.id as "connectionId", ${DECIDED} as decided
        ${within(window)}
          and (r.workspace_id::text, r.workflow, s.action, c.id::text) in (
            select "workspaceId", workflow, action, "connectionId" from json_to_recordset(${wanted}::json)
              as kind ("workspaceId" text, workflow text, action text, "connectionId" text))
          and ${after === undefined ? sql`true` : sql`(r.id, s.key) < (${after.runId}::uuid, ${after.stepKey}::text)`}
        order by r.id desc, s.key desc
        limit ${limit}`.execute(db);
      return rows;
    },
  };
}

/** What a person's "no" or silence ended was asked for by policy: the denial was not policy's own. */
const DECIDED = sql`case
  when s.status = 'denied' and s.error ->> 'code' = 'POLICY_DENIED' then 'deny'
  when s.approval_id is not null then 'require-approval'
  else 'allow' end`;

function within({ tenantId, since, workspaceId, connector }: InvocationWindow): RawBuilder<unknown> {
  return sql`
    from connector.runs r
    join connector.run_steps s on s.run_id = r.id and s.tenant_id = r.tenant_id
    join connector.connections c on c.id = s.connection_id and c.tenant_id = r.tenant_id
    where r.tenant_id = ${tenantId} and r.created_at >= ${since} and s.kind = 'action' and s.action is not null
      -- Refused for its input, before policy was asked.
      and not (s.status = 'failed' and s.attempts = 0)
      and ${workspaceId === undefined ? sql`true` : sql`r.workspace_id = ${workspaceId}::uuid`}
      and ${connector === undefined ? sql`true` : sql`c.connector = ${connector}`}`;
}
