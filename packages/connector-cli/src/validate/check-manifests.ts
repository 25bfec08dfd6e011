import { availableParallelism } from 'node:os';
import { selectRules } from '@org/connector-sdk/validation';
import type { Terminal } from '../terminal.ts';
import { type CheckedManifest, checkInput } from './check-input.ts';
import type { CheckPlan } from './check-plan.ts';
import type { Input, Unreadable } from './inputs.ts';

/** Starting threads takes as long as checking some hundred manifests. */
const MANY = 500;
const MOST_THREADS = 8;

/**
 * Checks every input and answers in their order; one that can't be read does not keep the others from being checked.
 * Many plain files are shared out among the processor's cores.
 */
export async function checkManifests(
  inputs: readonly (Input | Unreadable)[],
  plan: CheckPlan,
  progress: (done: number) => void,
  terminal: Terminal,
): Promise<CheckedManifest[]> {
  const checked = new Map<string, CheckedManifest>();
  const take = (result: CheckedManifest): void => {
    checked.set(result.file, result);
    progress(checked.size);
  };
  const files = inputs.filter((input): input is Input => input.kind === 'manifest');
  const threads = Math.min(availableParallelism(), MOST_THREADS);
  if (files.length >= MANY && threads > 1) {
    const { checkInThreads } = await import('./check-in-threads.ts');
    await checkInThreads(files, plan, threads, take);
  }
  const options = { ...plan, rules: selectRules(plan) };
  for (const input of inputs) if (!checked.has(input.shown)) take(await checkInput(input, options, terminal));
  return inputs.flatMap(({ shown }) => checked.get(shown) ?? []);
}
