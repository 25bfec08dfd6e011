import type { ApprovalRule } from '../types/approval-rule.ts';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { ConnectorCalls } from '../types/connector-calls.ts';
import type { Db } from '../types/database.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { Log } from '../types/log.ts';

export interface ApprovalPorts {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly jobs: JobQueue;
  readonly calls: Pick<
    ConnectorCalls,
    'requestApproval' | 'updateApproval' | 'progressApproval' | 'remindApproval' | 'isGroupMember'
  >;
  /** The rule of a workspace of this name as it is now; undefined: there is none, and nobody can approve under it. */
  readonly rules: (workspaceId: string, name: string) => Promise<ApprovalRule | undefined>;
  /** Where a run and its audit entries can be seen. */
  readonly auditUrl: (runId: string) => string;
  readonly clock: Clock;
  readonly log: Log;
}
