import type { ManifestApprovalChannel } from '@org/connector-sdk';
import { sql, type Transaction } from 'kysely';
import { type ApprovalRule, quorumOf, RULE_NAME } from '../types/approval-rule.ts';
import type { Database } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Connections } from './connections.ts';
import type { Enablements } from './enablements.ts';
import { requireFit } from './json-fits.ts';
import type { TenantPorts } from './ports.ts';

export interface ApprovalRules {
  /**
   * Null: there is none of that name, and nobody can approve under it. Throws `WORKSPACE_UNKNOWN`, `CONNECTION_UNKNOWN` (also for
   * one of another workspace), `CHANNEL_UNKNOWN`, `CONNECTION_CONFIG_INVALID` for a target that the channel does not take,
   * `APPROVAL_RULE_INVALID` for one that could never be met.
   */
  setApprovalRule(request: SetApprovalRule): Promise<void>;
  /** By name. Throws `WORKSPACE_UNKNOWN`. */
  approvalRules(tenantId: string, workspaceId: string): Promise<readonly NamedApprovalRule[]>;
  /** For a workspace that comes from a row of ours, never from a request. */
  ruleOfWorkspace(workspaceId: string, name: string): Promise<ApprovalRule | undefined>;
}

export interface NamedApprovalRule extends ApprovalRule {
  readonly name: string;
}

export interface SetApprovalRule {
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly name: string;
  readonly rule: Omit<ApprovalRule, 'connector'> | null;
  readonly by: string;
}

export function createApprovalRules(
  ports: TenantPorts,
  enablements: Enablements,
  connections: Connections,
): ApprovalRules {
  const { store, audit } = ports;

  async function resolveRule({ tenantId, workspaceId, name, rule }: SetApprovalRule): Promise<ApprovalRule | null> {
    if (rule === null) return null;
    const connection = await connections.connection(tenantId, rule.connectionId);
    if (connection.workspaceId !== workspaceId) {
      throw new RuntimeError('CONNECTION_UNKNOWN', `the workspace has no connection ${rule.connectionId}`);
    }
    const { manifest } = await enablements.enabled(tenantId, connection.connector);
    const channels = manifest.approvalChannels;
    const channel = Object.hasOwn(channels, rule.channel) ? channels[rule.channel] : undefined;
    if (channel === undefined) {
      throw new RuntimeError('CHANNEL_UNKNOWN', `${manifest.id} has no approval channel "${rule.channel}"`);
    }
    requireFit(channel.target, rule.target, 'CONNECTION_CONFIG_INVALID', `the target of ${rule.channel}`);
    const problem = problemOf(name, rule, channel);
    if (problem !== undefined) throw invalid(name, problem);
    return { ...rule, connector: connection.connector };
  }

  return {
    async setApprovalRule(request) {
      const { tenantId, workspaceId, name, by } = request;
      const rule = await resolveRule(request);
      await store.withTenant(tenantId, async (trx) => {
        // Locked, so that the rule to escalate to is there when this one is.
        const { rows } = await sql`select id from connector.workspaces
          where id = ${workspaceId} and tenant_id = ${tenantId} for update`.execute(trx);
        if (rows.length === 0) throw workspaceUnknown(workspaceId);
        if (rule === null) await remove(trx, request);
        else await keep(trx, request, rule);
        const record = {
          tenantId,
          kind: 'approval-rule.set',
          actor: by,
          subject: `workspace:${workspaceId}`,
          details: { name, ...(rule === null ? { rule: null } : detailsOf(rule)) },
        };
        await sql`select ${audit.append(record)}`.execute(trx);
      });
    },

    async approvalRules(tenantId, workspaceId) {
      const rows = await store.db
        .selectFrom('connector.workspaces as w')
        .leftJoin('connector.approval_rules as r', 'r.workspace_id', 'w.id')
        .select(['r.name', 'r.rule'])
        .where('w.tenant_id', '=', tenantId)
        .where('w.id', '=', workspaceId)
        .orderBy('r.name')
        .execute();
      if (rows.length === 0) throw workspaceUnknown(workspaceId);
      return rows.flatMap(({ name, rule }) => (name === null || rule === null ? [] : [{ name, ...rule }]));
    },

    async ruleOfWorkspace(workspaceId, name) {
      const row = await store.db
        .selectFrom('connector.approval_rules')
        .select('rule')
        .where('workspace_id', '=', workspaceId)
        .where('name', '=', name)
        .executeTakeFirst();
      return row?.rule;
    },
  };
}

/** What keeps a rule from ever being met, or from meaning what it says. */
function problemOf(
  name: string,
  rule: Omit<ApprovalRule, 'connector'>,
  channel: ManifestApprovalChannel,
): string | undefined {
  const { approvers, groups = [], samePerson = [], reminders, escalation, expiresInSeconds } = rule;
  if (!RULE_NAME.test(name)) return 'its name is 1 to 63 letters, digits, ".", "_" and "-"';
  if (groups.length > 0 && channel.groups === undefined)
    return `the channel ${rule.channel} knows no groups: name people`;
  const names = samePerson.flat();
  if (new Set(names).size < names.length) return 'a name is in samePerson twice: one list holds all names of a person';
  const personOf = (actor: string) => samePerson.findIndex((list) => list.includes(actor));
  const people = new Set(approvers.map((actor) => (personOf(actor) < 0 ? actor : personOf(actor)))).size;
  const quorum = quorumOf(rule);
  if (quorum > 1 && groups.length === 0 && people < quorum) {
    return `${quorum} people have to approve, and it names ${people}`;
  }
  if (reminders !== undefined && reminders.afterSeconds >= expiresInSeconds)
    return 'it would expire before its reminder';
  if (escalation !== undefined && escalation.afterSeconds >= expiresInSeconds)
    return 'it would expire before it escalates';
  if (escalation?.rule === name) return 'it escalates to itself';
  return undefined;
}

async function keep(
  trx: Transaction<Database>,
  { tenantId, workspaceId, name }: SetApprovalRule,
  rule: ApprovalRule,
): Promise<void> {
  const { escalation } = rule;
  if (escalation !== undefined && !(await isKept(trx, workspaceId, escalation.rule))) {
    throw invalid(
      name,
      `it escalates to "${escalation.rule}", and the workspace has no rule of that name: set that one first`,
    );
  }
  await sql`
    insert into connector.approval_rules (workspace_id, name, tenant_id, rule)
    values (${workspaceId}, ${name}, ${tenantId}, ${JSON.stringify(rule)}::json)
    on conflict (workspace_id, name) do update set rule = excluded.rule`.execute(trx);
}

async function isKept(trx: Transaction<Database>, workspaceId: string, name: string): Promise<boolean> {
  const row = await trx
    .selectFrom('connector.approval_rules')
    .select('name')
    .where('workspace_id', '=', workspaceId)
    .where('name', '=', name)
    .executeTakeFirst();
  return row !== undefined;
}

async function remove(trx: Transaction<Database>, { tenantId, workspaceId, name }: SetApprovalRule): Promise<void> {
  await trx
    .deleteFrom('connector.approval_rules')
    .where('tenant_id', '=', tenantId)
    .where('workspace_id', '=', workspaceId)
    .where('name', '=', name)
    .execute();
}

/** All but the target, whose form is the channel's own. */
function detailsOf({ target: _target, connector: _connector, ...rest }: ApprovalRule): Record<string, unknown> {
  return rest;
}

function workspaceUnknown(workspaceId: string): RuntimeError {
  return new RuntimeError('WORKSPACE_UNKNOWN', `there is no workspace ${workspaceId} here`);
}

function invalid(name: string, problem: string): RuntimeError {
  return new RuntimeError('APPROVAL_RULE_INVALID', `the approval rule "${name}" can't be kept: ${problem}`);
}
