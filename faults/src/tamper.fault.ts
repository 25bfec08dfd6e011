import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineFault, type FaultOptions } from './fault.ts';
import type { LeftOut } from './leave-out.ts';
import { runChild } from './run-child.ts';
import type { TamperAnswer, TamperJob, TamperWork } from './tamper/job.ts';

const WORKER = new URL('./tamper/worker.ts', import.meta.url);
const ARTIFACTS = ['servicenow', 'slack', 'github'].map((name) =>
  fileURLToPath(new URL(`../../packages/connector-${name}/artifact`, import.meta.url)),
);

/** Bytes of code per process; some 2 minutes on one core. */
const CODE_SHARE = 65_536;
const TAR_SHARE = 10_000;
const LONG_TARS = 200_000;

/** Reading is bounded at 32 MiB; a process of Node, three copies and the garbage in between stay below this. */
const MOST_MEGABYTES = 512;

/** Of each artifact: all of the manifest with little code, and some of all the code. */
const SAMPLES: readonly TamperWork[] = [
  { kind: 'sample', flipsPerFile: 2_000, everyByte: 'manifest.json', tars: 1_000, codeBytes: 4_096 },
  { kind: 'sample-of-code', flips: 2_000, tars: 100 },
];

/** Builds without one step each: what they let through must be noticed. */
const BROKEN: readonly LeftOut[] = [{ step: 'compareSubjects' }, { step: 'verifySignature' }];
const CONTROL: TamperWork = { kind: 'sample', flipsPerFile: 100, tars: 200, codeBytes: 4_096 };

export default defineFault({
  promise: 'any changed byte, missing, extra or renamed file in an artifact is refused, and none of its code runs',
  async run({ size, random, progress }: FaultOptions) {
    const seed = () => Math.floor(random() * 2 ** 32);
    const shares = size === 'short' ? shortShares() : longShares();
    const [servicenow = ''] = ARTIFACTS;
    const controls = BROKEN.map((leftOut) => ({ artifact: servicenow, work: CONTROL, leftOut, seed: seed() }));
    const answers = await runAll([...shares.map((share) => ({ ...share, seed: seed() })), ...controls], progress);
    const real = answers.slice(0, shares.length);
    const broken = answers.slice(shares.length);
    const peak = Math.max(...real.map(({ peakMegabytes }) => peakMegabytes));
    const tooMuch = peak > MOST_MEGABYTES ? [`a process took ${peak} MiB of memory, over ${MOST_MEGABYTES}`] : [];
    return {
      tried: real.reduce((sum, { tried }) => sum + tried, 0),
      violations: [...real.flatMap(({ violations }) => violations), ...tooMuch],
      controlCaught: broken.every(({ violations }) => violations.length > 0),
      notes: [
        `peak memory ${peak} MiB`,
        `refusals ${JSON.stringify(countCodes(real))}`,
        ...BROKEN.map(({ step }, index) => `without ${step}: ${broken[index]?.violations.length} violations shown`),
      ],
    };
  },
});

function shortShares(): Omit<TamperJob, 'seed'>[] {
  return ARTIFACTS.flatMap((artifact) => SAMPLES.map((work) => ({ artifact, work })));
}

function longShares(): Omit<TamperJob, 'seed'>[] {
  return ARTIFACTS.flatMap((artifact) => {
    const length = statSync(`${artifact}/connector.mjs`).size;
    const code = Array.from({ length: Math.ceil(length / CODE_SHARE) }, (_, index): TamperWork => {
      const from = index * CODE_SHARE;
      return { kind: 'every-bit-of-code', from, to: from + CODE_SHARE, whole: 5_000 };
    });
    const tars = Array.from({ length: Math.ceil(LONG_TARS / TAR_SHARE / ARTIFACTS.length) }, (): TamperWork => {
      return { kind: 'tars', tars: TAR_SHARE };
    });
    return [{ kind: 'every-bit' } as const, ...code, ...tars].map((work) => ({ artifact, work }));
  });
}

/** In order, on all processors. */
async function runAll(jobs: readonly TamperJob[], progress: (line: string) => void): Promise<TamperAnswer[]> {
  const answers: TamperAnswer[] = [];
  const left = [...jobs.entries()];
  const slots = Array.from({ length: availableParallelism() }, async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, job] = next;
      answers[index] = await runChild<TamperAnswer>(WORKER, job, progress);
      progress(`${index + 1} of ${jobs.length}: tried ${answers[index]?.tried}`);
    }
  });
  await Promise.all(slots);
  return answers;
}

function countCodes(answers: readonly TamperAnswer[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { codes } of answers) {
    for (const [code, count] of Object.entries(codes)) sum[code] = (sum[code] ?? 0) + count;
  }
  return sum;
}
