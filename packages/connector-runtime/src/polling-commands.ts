import { z } from 'zod';
import { createAdminClient } from './admin-client.ts';
import { type AdminFlags, tenantPath, write } from './admin-flags.ts';
import { RuntimeError } from './types/errors.ts';

const failure = z.object({ code: z.string(), message: z.string() }).nullable();
const states = z.object({
  polling: z.array(
    z.looseObject({
      connectionId: z.string(),
      connection: z.string(),
      trigger: z.string(),
      state: z.string(),
      pausedBy: z.string().nullable(),
      nextDueAt: z.string(),
      lagSeconds: z.number().nullable(),
      failures: z.number(),
      error: failure,
    }),
  ),
});
const report = z.looseObject({
  seen: z.number(),
  new: z.number(),
  duplicate: z.number(),
  tooOld: z.number(),
  runs: z.number(),
  pages: z.number(),
  from: z.string().nullable(),
  to: z.string(),
  complete: z.boolean(),
  error: failure,
});

export async function listPolling(flags: AdminFlags): Promise<void> {
  const { polling } = states.parse(await createAdminClient(flags).request('GET', tenantPath(flags, 'polling')));
  if (flags.json) return write(JSON.stringify(polling));
  for (const { connectionId, connection, trigger, state, pausedBy, ...one } of polling) {
    const lag = one.lagSeconds === null ? 'never read' : `read ${one.lagSeconds} s ago`;
    const next = pausedBy === null ? `next ${one.nextDueAt}` : `by the ${pausedBy}`;
    const failed = one.error === null ? '' : `${one.failures} failed: ${one.error.message} [${one.error.code}]`;
    write([connectionId, connection, trigger, state.padEnd(7), next, lag, failed].join('  ').trimEnd());
  }
}

export async function reconcilePolling(connection: string, trigger: string, flags: AdminFlags): Promise<void> {
  const path = tenantPath(flags, 'connections', connection, 'triggers', trigger, 'reconcile');
  const answer = report.parse(await createAdminClient(flags).request('POST', path));
  if (flags.json) write(JSON.stringify(answer));
  else write(describe(answer));
  if (answer.error === null) return;
  throw new RuntimeError('POLL_FAILED', `it could not be read: ${answer.error.message} (${answer.error.code})`);
}

function describe({ from, to, complete, ...found }: z.infer<typeof report>): string {
  const counts = `${found.seen} seen in ${found.pages} pages: ${found.new} new, ${found.duplicate} known; ${found.runs} runs`;
  return [
    found.tooOld === 0 ? counts : `${counts}; ${found.tooOld} too old to start any`,
    from === null ? `first read ${to}` : `from ${from} to ${to}`,
    ...(complete || found.error !== null ? [] : ['there is more: it is read in the background']),
  ].join('\n');
}
