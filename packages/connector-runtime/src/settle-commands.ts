import { z } from 'zod';
import { createAdminClient } from './admin-client.ts';
import { type AdminFlags, tenantPath, write } from './admin-flags.ts';
import { readGivenText } from './read-given-text.ts';
import type { RunFlags } from './run-commands.ts';
import { RuntimeError } from './types/errors.ts';

export type Found = 'applied' | 'not-applied';

export interface SettleFlags extends AdminFlags {
  readonly reason: string;
  readonly output?: string;
}

const unsettled = z.looseObject({
  runId: z.string(),
  stepKey: z.string(),
  action: z.string().nullable(),
  connection: z.object({ name: z.string() }).nullable(),
  idempotencyKey: z.string(),
  attemptedAt: z.string().nullable(),
  looks: z.number(),
  dueAt: z.string().nullable(),
});

export async function listUnsettled(flags: RunFlags): Promise<void> {
  const query = new URLSearchParams({ limit: flags.limit ?? '100' });
  const answer = await createAdminClient(flags).request('GET', `${tenantPath(flags, 'unsettled')}?${query}`);
  const { writes } = z.object({ writes: z.array(unsettled) }).parse(answer);
  if (flags.json) return write(JSON.stringify(writes));
  for (const { runId, stepKey, action, connection, idempotencyKey, attemptedAt, looks, dueAt } of writes) {
    write(`${runId}  ${stepKey}`);
    write(`  sent  ${action} on ${connection?.name ?? 'a deleted connection'}, ${attemptedAt}, as ${idempotencyKey}`);
    write(`  seen  looked for ${looks} times; ${dueAt === null ? 'nobody looks again' : `again at ${dueAt}`}`);
    write(`  next  look at the SaaS, then: run settle ${runId} '${stepKey}' applied|not-applied --reason <text>`);
  }
}

/** Throws `CONFIG_INVALID` for an output that is missing, not JSON, or of a write that was not applied. */
export async function settleStep(run: string, step: string, found: Found, flags: SettleFlags): Promise<void> {
  const { reason, output, json } = flags;
  if ((found === 'applied') !== (output !== undefined)) {
    throw new RuntimeError('CONFIG_INVALID', 'an applied write needs --output, and one that was not has none');
  }
  const given = output === undefined ? {} : { output: parseOutput(await readGivenText(output, '--output')) };
  const path = `/runs/${encodeURIComponent(run)}/steps/${encodeURIComponent(step)}/settle`;
  await createAdminClient(flags).request('POST', path, { status: found, reason, ...given });
  write(json ? JSON.stringify({ settled: step, of: run, status: found }) : `${step} of ${run} is settled: ${found}`);
}

function parseOutput(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RuntimeError('CONFIG_INVALID', 'the file of --output is not JSON');
  }
}
