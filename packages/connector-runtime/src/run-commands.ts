import { z } from 'zod';
import { createAdminClient } from './admin-client.ts';
import { type AdminFlags, tenantPath, write } from './admin-flags.ts';

export interface RunFlags extends AdminFlags {
  readonly status?: string;
  readonly limit?: string;
  readonly reason?: string;
}

const error = z.object({ code: z.string(), message: z.string() }).nullable();
const summary = z.looseObject({
  id: z.string(),
  workflow: z.string(),
  version: z.number(),
  status: z.string(),
  error,
  createdAt: z.string(),
  unsettled: z.number(),
});
const step = z.looseObject({ key: z.string(), kind: z.string(), status: z.string(), error });
const details = summary.extend({ steps: z.array(step) });

type Summary = z.infer<typeof summary>;

export async function listRuns(flags: RunFlags): Promise<void> {
  const { status, limit = '100' } = flags;
  const query = new URLSearchParams({ limit, ...(status === undefined ? {} : { status }) });
  const answer = await createAdminClient(flags).request('GET', `${tenantPath(flags, 'runs')}?${query}`);
  const { runs } = z.object({ runs: z.array(summary) }).parse(answer);
  if (flags.json) write(JSON.stringify(runs));
  else for (const run of runs) write(lineOf(run));
}

export async function showRun(id: string, flags: RunFlags): Promise<void> {
  const run = details.parse(await createAdminClient(flags).request('GET', pathOf(id)));
  if (flags.json) return write(JSON.stringify(run));
  write(lineOf(run));
  if (run.error !== null) write(`why   ${run.error.message} [${run.error.code}]`);
  const next = nextOf(run);
  if (next !== undefined) write(`next  ${next}`);
  for (const { key, kind, status, error: failure } of run.steps) {
    write(`  ${status.padEnd(10)} ${kind.padEnd(9)} ${key}${failure === null ? '' : `  ${failure.code}`}`);
  }
}

export async function cancelRun(id: string, flags: RunFlags): Promise<void> {
  const { reason } = flags;
  await createAdminClient(flags).request('POST', pathOf(id, 'cancel'), reason === undefined ? {} : { reason });
  write(flags.json ? JSON.stringify({ cancelling: id }) : `${id} begins nothing new, and is cancelled`);
}

export async function resumeRun(id: string, flags: RunFlags): Promise<void> {
  await createAdminClient(flags).request('POST', pathOf(id, 'resume'));
  write(flags.json ? JSON.stringify({ resumed: id }) : `${id} goes on where it was`);
}

function lineOf({ id, status, unsettled, workflow, version, createdAt }: Summary): string {
  const open = unsettled === 0 ? '' : `  ${unsettled} unsettled`;
  return `${id}  ${status.padEnd(10)}  ${createdAt}  ${workflow} (version ${version})${open}`;
}

function nextOf({ status, unsettled }: Summary): string | undefined {
  if (status === 'diverged') return 'deploy a version of the workflow that fits, then run resume; or run cancel';
  if (unsettled > 0) return 'look at the SaaS for each step that is unknown, then run settle';
  return undefined;
}

function pathOf(id: string, verb?: string): string {
  return `/runs/${encodeURIComponent(id)}${verb === undefined ? '' : `/${verb}`}`;
}
