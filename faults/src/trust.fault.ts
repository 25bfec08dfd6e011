import { defineFault, type FaultOptions } from './fault.ts';
import type { LeftOut } from './leave-out.ts';
import { runChild } from './run-child.ts';
import type { TrustAnswer, TrustJob } from './trust/job.ts';

const WORKER = new URL('./trust/worker.ts', import.meta.url);

/** Signatures of each kind. */
const VECTORS = { short: 20, long: 2_000 } as const;

/** Builds without one step each: what they let through must be noticed. */
const BROKEN: readonly { readonly leftOut: LeftOut; readonly runtime: TrustJob['runtime'] }[] = [
  { leftOut: { step: 'judgeStatement', instead: 'return readStatement();' }, runtime: 'started' },
  { leftOut: { step: 'checkPublisher' }, runtime: 'started' },
  { leftOut: { step: 'checkPoint' }, runtime: 'none' },
];

export default defineFault({
  promise:
    'what the trust policy does not take is refused, each for its own reason: new, in memory and after a restart',
  async run({ size, random, progress }: FaultOptions) {
    const seed = () => Math.floor(random() * 2 ** 32);
    const run = (job: Omit<TrustJob, 'seed'>) => runChild<TrustAnswer>(WORKER, { ...job, seed: seed() }, progress);
    const { tried, violations } = await run({ vectors: VECTORS[size], runtime: 'restarted' });
    const broken: TrustAnswer[] = [];
    for (const control of BROKEN) broken.push(await run({ vectors: 1, ...control }));
    return {
      tried,
      violations,
      controlCaught: broken.every((answer) => answer.violations.length > 0),
      notes: BROKEN.map(
        ({ leftOut }, index) => `without ${leftOut.step}: ${broken[index]?.violations.length} violations`,
      ),
    };
  },
});
