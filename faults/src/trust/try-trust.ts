import type { TrustAnswer, TrustJob } from './job.ts';
import { CONNECTOR, release, trusting } from './releases.ts';
import { forgedSignatures, honestSignatures, refusalOf } from './signature-cases.ts';
import { openTestDeployment, type TestDeployment } from './test-deployment.ts';
import { ago, alice, changedPolicies, endedPolicies, newReleases } from './untrusted.ts';

/** Tries each case on a new release, on one that runs, from memory and after a restart; and signatures by the thousand. */
export async function tryTrust({ vectors, runtime }: TrustJob, random: () => number): Promise<TrustAnswer> {
  const judge = createJudge();
  trySignatures(judge, random, vectors);
  if (runtime === 'none') return judge.answer();
  const deployment = await openTestDeployment();
  try {
    await tryNewReleases(deployment, judge);
    await tryRunningRelease(deployment, judge, runtime === 'restarted');
    await tryRollback(deployment, judge);
  } finally {
    await deployment.close();
  }
  return judge.answer();
}

type Judge = ReturnType<typeof createJudge>;

const TAKEN = 'taken';
const GOOD = () => trusting([{ signer: alice }]);

async function tryNewReleases(deployment: TestDeployment, judge: Judge): Promise<void> {
  for (const { what, code, trust, archive } of await newReleases()) {
    await deployment.writeTrust(trust);
    await judge.expect(`a new release with ${what}`, code, () => deployment.add(archive));
  }
}

async function tryRunningRelease(deployment: TestDeployment, judge: Judge, withRestarts: boolean): Promise<void> {
  await deployment.writeTrust(GOOD());
  const { digest } = await deployment.add(await release('1.1.0', [alice], ago(5)));
  await deployment.enable(digest);
  const ask = () => deployment.enabled(CONNECTOR);
  for (const { what, code, trust } of changedPolicies()) {
    await deployment.writeTrust(GOOD());
    await judge.expect('the release that runs', TAKEN, ask);
    await deployment.writeTrust(trust);
    await judge.expect(`a release in memory after ${what}`, code, ask);
    await judge.expect(`a release to enable after ${what}`, code, () => deployment.enable(digest));
    if (!withRestarts) continue;
    await deployment.restart();
    await judge.expect(`a release after ${what} and a restart`, code, ask);
    process.stderr.write(`${what}\n`);
  }
  for (const [what, trust] of endedPolicies()) {
    await deployment.writeTrust(trust);
    await judge.expect(`a release that was enabled before ${what}`, TAKEN, ask);
    if (withRestarts) await deployment.restart();
    await judge.expect(`a release that was enabled before ${what}, after a restart`, TAKEN, ask);
  }
}

async function tryRollback(deployment: TestDeployment, judge: Judge): Promise<void> {
  await deployment.writeTrust(GOOD());
  const older = await deployment.add(await release('1.0.9', [alice], ago(5)));
  const newer = await deployment.add(await release('1.2.0', [alice], ago(5)));
  await judge.expect('an older release than the one that runs', 'ARTIFACT_ROLLBACK', () =>
    deployment.enable(older.digest),
  );
  await deployment.enable(newer.digest);
  await deployment.restart();
  for (const { digest } of [older]) {
    await judge.expect('an older release after a restart', 'ARTIFACT_ROLLBACK', () => deployment.enable(digest));
  }
  await judge.expect('the newer release', TAKEN, () => deployment.enabled(CONNECTOR));
}

function trySignatures(judge: Judge, random: () => number, each: number): void {
  for (const one of forgedSignatures(random, each)) {
    const refusal = refusalOf(one);
    const isWeak = one.what === 'a key of small order';
    judge.count(`a signature with ${one.what}`, isWeak ? 'ARTIFACT_KEY_WEAK' : 'ARTIFACT_SIGNATURE_INVALID', refusal);
  }
  for (const one of honestSignatures(each)) judge.count(one.what, undefined, refusalOf(one));
}

function createJudge() {
  const violations: string[] = [];
  let tried = 0;
  function count(what: string, expected: string | undefined, actual: string | undefined): void {
    tried += 1;
    if (actual !== expected) violations.push(`${what}: ${actual ?? TAKEN} in place of ${expected ?? TAKEN}`);
  }
  return {
    count,
    async expect(what: string, expected: string, work: () => Promise<unknown>): Promise<void> {
      const actual = await work().then(
        () => TAKEN,
        (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
      );
      count(what, expected, actual);
    },
    answer: (): TrustAnswer => ({ tried, violations }),
  };
}
