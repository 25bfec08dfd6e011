import { defineFault, type FaultOptions } from './fault.ts';
import type { LeftOut } from './leave-out.ts';
import { openDeployment } from './no-oracle/deployment.ts';
import type { OracleAnswer, OracleJob } from './no-oracle/job.ts';
import { runChild } from './run-child.ts';

const WORKER = new URL('./no-oracle/worker.ts', import.meta.url);

const PLANS = {
  short: { samples: 2_000, concurrency: 150, bodySizes: [10_000] },
  long: { samples: 200_000, concurrency: 150, bodySizes: [200, 10_000, 200_000] },
} as const;

/** For the controls: what they leak is no matter of many samples. Times are measured where that is what leaks. */
const CONTROL_PLAN = { samples: 300, concurrency: 1 } as const;

/** Builds that leak, and which of the checks must notice. */
const BROKEN: readonly {
  readonly what: string;
  readonly leftOut: readonly LeftOut[];
  readonly bodySizes: readonly number[];
  readonly caught: (answer: OracleAnswer) => boolean;
}[] = [
  {
    what: 'an unknown address answered by itself',
    leftOut: [
      {
        package: 'connector-runtime',
        step: 'answerFor',
        instead: "if (code === 'WEBHOOK_UNKNOWN_ENDPOINT') return { status: 404, headers: {}, body: '' };",
      },
    ],
    bodySizes: [],
    caught: ({ bytes }) => bytes.length > 0,
  },
  {
    what: 'no hashing of what is refused before it',
    leftOut: [{ package: 'connector-runtime', step: 'spendVerification' }],
    bodySizes: [],
    caught: ({ work }) => work.length > 0,
  },
  {
    what: 'neither that hashing nor a pace of answers',
    leftOut: [
      { package: 'connector-runtime', step: 'spendVerification' },
      { package: 'connector-runtime', step: 'startPace', instead: 'return AT_ONCE;' },
    ],
    bodySizes: [200_000],
    caught: ({ times }) => times.length > 0,
  },
];

export default defineFault({
  promise: 'an unknown, disabled or wrongly signed webhook gets the same status, the same bytes, at the same time',
  async run({ size, random, progress }: FaultOptions) {
    const deployment = await openDeployment();
    const { close, ...endpoints } = deployment;
    const run = (plan: Pick<OracleJob, 'samples' | 'concurrency' | 'bodySizes' | 'leftOut'>) =>
      runChild<OracleAnswer>(WORKER, { ...endpoints, ...plan, seed: Math.floor(random() * 2 ** 32) }, progress);
    try {
      const { tried, bytes, times, work, notes } = await run(PLANS[size]);
      const caught: string[] = [];
      const missed: string[] = [];
      for (const control of BROKEN) {
        const { leftOut, bodySizes } = control;
        const isCaught = control.caught(await run({ ...CONTROL_PLAN, leftOut, bodySizes }));
        (isCaught ? caught : missed).push(control.what);
      }
      return {
        tried,
        violations: [
          ...bytes.map((kind) => `other bytes: ${kind}`),
          ...times.map((kind) => `another time: ${kind}`),
          ...work.map((kind) => `other work: ${kind}`),
        ],
        controlCaught: missed.length === 0,
        notes: [
          ...notes,
          'Welch’s t of each kind against all others together, kinds in random order, the slowest 5% of all left out',
          'a kind that exceeds is measured once more, and counts when it does so again in the same direction',
          'times are of answers at a pace of 150 ms; the work below it may differ by 30%, and comparing digests is not timed',
          `caught: ${caught.join('; ') || 'none'}`,
          ...(missed.length > 0 ? [`not caught: ${missed.join('; ')}`] : []),
        ],
      };
    } finally {
      await close();
    }
  },
});
