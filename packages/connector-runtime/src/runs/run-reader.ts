import { sql, type Transaction } from 'kysely';
import type { Database, Db } from '../types/database.ts';
import type { RunStatus, StepError, StepKind, StepStatus } from '../types/run.ts';
import { readUnsettled, type UnsettledWrite } from './unsettled-writes.ts';

/** A run as people are shown it. Times are ISO 8601. */
interface RunSummary {
  readonly id: string;
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly workflow: string;
  readonly trigger: string;
  readonly eventKey: string;
  /** The version of the workflow that it started with. */
  readonly version: number;
  readonly status: RunStatus;
  readonly error: StepError | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly finishedAt: string | null;
  /** When it has to be over; null: it has no deadline. */
  readonly deadlineAt: string | null;
  /** Writes whose outcome nobody knows so far: of a finished run, a person settles them. */
  readonly unsettled: number;
}

interface RunDetails extends RunSummary {
  readonly result: unknown;
  readonly steps: readonly StepSummary[];
  readonly approvals: readonly ApprovalSummary[];
}

interface StepSummary {
  readonly key: string;
  readonly kind: StepKind;
  readonly action: string | null;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly error: StepError | null;
  readonly approvalId: string | null;
  readonly dueAt: string | null;
  readonly finishedAt: string | null;
}

interface ApprovalSummary {
  readonly id: string;
  readonly stepKey: string;
  readonly status: 'requested' | 'approved' | 'denied' | 'expired' | 'cancelled';
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
  readonly expiresAt: string;
}

interface RunQuery {
  readonly tenantId: string;
  /** At most 500 are given. */
  readonly limit: number;
  readonly status?: RunStatus | undefined;
  /** Id of the last run of the page before. */
  readonly before?: string | undefined;
}

export interface RunReader {
  /** A tenant's runs, newest first. */
  list(query: RunQuery): Promise<readonly RunSummary[]>;
  /** One run with its journal, without inputs and outputs; `within` a tenant, another's is not there. */
  get(runId: string, within?: string): Promise<RunDetails | undefined>;
  /** A tenant's writes whose outcome is unknown, oldest first. */
  unsettled(query: Pick<RunQuery, 'tenantId' | 'limit'>): Promise<readonly UnsettledWrite[]>;
}

type Reader = Db | Transaction<Database>;

const MAX_RUNS = 500;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Runs as people are shown them. */
export function createRunReader(db: Reader): RunReader {
  return {
    async list({ tenantId, limit, status, before }) {
      let query = summaries(db)
        .where('r.tenant_id', '=', tenantId)
        .orderBy('r.id', 'desc')
        .limit(Math.min(limit, MAX_RUNS));
      if (status !== undefined) query = query.where('r.status', '=', status);
      if (before !== undefined) query = query.where('r.id', '<', before);
      return (await query.execute()).map(toSummary);
    },

    async get(runId, within) {
      if (!UUID.test(runId)) return undefined;
      let query = summaries(db).select('r.result').where('r.id', '=', runId);
      if (within !== undefined) query = query.where('r.tenant_id', '=', within);
      const row = await query.executeTakeFirst();
      if (row === undefined) return undefined;
      const [steps, approvals] = [await readSteps(db, row), await readApprovals(db, row)];
      return { ...toSummary(row), result: row.result, steps, approvals };
    },

    unsettled: ({ tenantId, limit }) => readUnsettled(db, tenantId, Math.min(limit, MAX_RUNS)),
  };
}

type Owned = { readonly id: string; readonly tenant_id: string };

async function readSteps(db: Reader, run: Owned): Promise<readonly StepSummary[]> {
  const rows = await db
    .selectFrom('connector.run_steps')
    .select(['key', 'kind', 'action', 'status', 'attempts', 'error', 'approval_id', 'due_at', 'finished_at'])
    .where('run_id', '=', run.id)
    .where('tenant_id', '=', run.tenant_id)
    .orderBy('created_at')
    .orderBy('key')
    .execute();
  return rows.map(({ approval_id, due_at, finished_at, ...step }) => ({
    ...step,
    approvalId: approval_id,
    dueAt: due_at?.toISOString() ?? null,
    finishedAt: finished_at?.toISOString() ?? null,
  }));
}

async function readApprovals(db: Reader, run: Owned): Promise<readonly ApprovalSummary[]> {
  const rows = await db
    .selectFrom('connector.approvals')
    .select(['id', 'step_key', 'status', 'decided_by', 'decided_at', 'expires_at'])
    .where('run_id', '=', run.id)
    .where('tenant_id', '=', run.tenant_id)
    .orderBy('id')
    .execute();
  return rows.map(({ id, step_key, status, decided_by, decided_at, expires_at }) => ({
    id,
    stepKey: step_key,
    status,
    decidedBy: decided_by,
    decidedAt: decided_at?.toISOString() ?? null,
    expiresAt: expires_at.toISOString(),
  }));
}

const unsettled = sql<number>`(select count(*)::int from connector.run_steps s
  where s.run_id = r.id and s.tenant_id = r.tenant_id and s.status = 'unknown')`;

function summaries(db: Reader) {
  return db
    .selectFrom('connector.runs as r')
    .innerJoin('connector.events as e', 'e.id', 'r.event_id')
    .select([
      'r.id',
      'r.tenant_id',
      'r.workspace_id',
      'r.workflow',
      'r.status',
      'r.error',
      'r.created_at',
      'r.updated_at',
      'r.finished_at',
      'r.version',
      'r.deadline_at',
      unsettled.as('unsettled'),
    ])
    .select(['e.trigger', 'e.event_key']);
}

interface SummaryRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly workspace_id: string;
  readonly workflow: string;
  readonly trigger: string;
  readonly event_key: string;
  readonly status: RunStatus;
  readonly error: StepError | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly finished_at: Date | null;
  readonly version: number;
  readonly deadline_at: Date | null;
  readonly unsettled: number;
}

function toSummary(row: SummaryRow): RunSummary {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    workspaceId: row.workspace_id,
    workflow: row.workflow,
    trigger: row.trigger,
    eventKey: row.event_key,
    version: row.version,
    status: row.status,
    error: row.error,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    deadlineAt: row.deadline_at?.toISOString() ?? null,
    unsettled: row.unsettled,
  };
}
