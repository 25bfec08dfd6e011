import type { TamperJob } from './job.ts';
import { createJudge, type Judge } from './judge.ts';
import { signForTest, type TestRelease } from './test-release.ts';
import { tryFileSets } from './try-file-sets.ts';
import { tryBitsOfCode, tryEveryBit, tryEveryBitOfCode, trySomeBits } from './try-flips.ts';
import { tryTars } from './try-tars.ts';

/** Does one job: counts what was tried, and says what was taken that should not have been. */
export async function tamper({ artifact, work }: TamperJob, random: () => number) {
  const release = await signForTest(artifact, work.kind === 'sample' ? work.codeBytes : undefined);
  const judge = createJudge(release);
  judge.expectUntouched();
  await doWork(work, release, judge, random);
  return judge.report();
}

async function doWork(
  work: TamperJob['work'],
  release: TestRelease,
  judge: Judge,
  random: () => number,
): Promise<void> {
  switch (work.kind) {
    case 'sample':
      trySomeBits(release, judge, random, work);
      await tryFileSets(release, judge);
      return tryTars(release, judge, random, work.tars);
    case 'sample-of-code':
      tryBitsOfCode(release, judge, random, work.flips);
      return tryTars(release, judge, random, work.tars);
    case 'every-bit':
      await tryFileSets(release, judge);
      return tryEveryBit(release, judge);
    case 'every-bit-of-code':
      return tryEveryBitOfCode(release, judge, random, work);
    case 'tars':
      return tryTars(release, judge, random, work.tars);
  }
}
