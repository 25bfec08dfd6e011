import { sql } from 'kysely';
import type { ApprovalRule } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Connections } from './connections.ts';
import type { Enablements } from './enablements.ts';
import { requireFit } from './json-fits.ts';
import type { TenantPorts } from './ports.ts';

export interface ApprovalRules {
  /**
   * Null: nobody can approve. Throws `WORKSPACE_UNKNOWN`, `CONNECTION_UNKNOWN` (also for one of another workspace),
   * `CHANNEL_UNKNOWN`, `CONNECTION_CONFIG_INVALID` for a target that the channel does not take.
   */
  setApprovalRule(request: SetApprovalRule): Promise<void>;
  approvalRule(tenantId: string, workspaceId: string): Promise<ApprovalRule | undefined>;
  /** For a workspace that comes from a row of ours, never from a request. */
  ruleOfWorkspace(workspaceId: string): Promise<ApprovalRule | undefined>;
}

export interface SetApprovalRule {
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly rule: Omit<ApprovalRule, 'connector'> | null;
  readonly by: string;
}

export function createApprovalRules(
  ports: TenantPorts,
  enablements: Enablements,
  connections: Connections,
): ApprovalRules {
  const { store, audit } = ports;

  async function resolveRule({ tenantId, workspaceId, rule }: SetApprovalRule): Promise<ApprovalRule | null> {
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
    return { ...rule, connector: connection.connector };
  }

  return {
    async setApprovalRule(request) {
      const { tenantId, workspaceId, by } = request;
      const rule = await resolveRule(request);
      await store.withTenant(tenantId, async (trx) => {
        const { rows } = await sql`
          update connector.workspaces set approval_rule = ${rule === null ? null : JSON.stringify(rule)}::json
          where id = ${workspaceId} and tenant_id = ${tenantId} returning id`.execute(trx);
        if (rows.length === 0) throw new RuntimeError('WORKSPACE_UNKNOWN', `there is no workspace ${workspaceId} here`);
        const record = {
          tenantId,
          kind: 'approval-rule.set',
          actor: by,
          subject: `workspace:${workspaceId}`,
          details:
            rule === null
              ? { rule: null }
              : { connectionId: rule.connectionId, channel: rule.channel, approvers: rule.approvers },
        };
        await sql`select ${audit.append(record)}`.execute(trx);
      });
    },

    async approvalRule(tenantId, workspaceId) {
      const row = await store.db
        .selectFrom('connector.workspaces')
        .select('approval_rule')
        .where('tenant_id', '=', tenantId)
        .where('id', '=', workspaceId)
        .executeTakeFirst();
      return row?.approval_rule ?? undefined;
    },

    async ruleOfWorkspace(workspaceId) {
      const row = await store.db
        .selectFrom('connector.workspaces')
        .select('approval_rule')
        .where('id', '=', workspaceId)
        .executeTakeFirst();
      return row?.approval_rule ?? undefined;
    },
  };
}
