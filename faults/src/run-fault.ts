import { type FaultOptions, type FaultSize, seededRandom } from './fault.ts';
import { loadFault } from './fault-list.ts';

const SHOWN = 20;

/** What `npm run faults -- <name> --json` prints. */
interface FaultReport {
  readonly name: string;
  readonly size: FaultSize;
  readonly seed: number;
  readonly tried: number;
  readonly violations: number;
  readonly controlCaught: boolean;
  readonly ok: boolean;
  readonly seconds: number;
  readonly notes: readonly string[];
  /** Why nothing was tried. */
  readonly skipped?: string;
}

/** Runs one fault. It kept its promise only when something was tried and the same checker caught the broken build. */
export async function runFault(
  name: string,
  options: Pick<FaultOptions, 'size' | 'seed' | 'progress'>,
): Promise<FaultReport & { readonly shown: readonly string[] }> {
  const { size, seed } = options;
  const fault = await loadFault(name);
  const started = performance.now();
  const { tried, violations, controlCaught, notes, skipped } = await fault.run({
    ...options,
    random: seededRandom(seed),
  });
  return {
    name,
    size,
    seed,
    tried,
    violations: violations.length,
    controlCaught,
    ok: tried > 0 && violations.length === 0 && controlCaught,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    notes,
    ...(skipped === undefined ? {} : { skipped }),
    shown: violations.slice(0, SHOWN),
  };
}
