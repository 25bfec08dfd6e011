import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, silentLog } from '@org/connector-runtime/stages';
import { type FailingAppends, tryFailingAppends } from './audit/failing-appends.ts';
import { makeEvidence, tamperings, verdictOf } from './audit/tampering.ts';
import { defineFault } from './fault.ts';
import type { LeftOut } from './leave-out.ts';

const SIZES: Readonly<Record<'short' | 'long', FailingAppends & { readonly chains: number }>> = {
  short: { chains: 1, tickets: 30, failures: 20, among: 100, swallowed: false },
  long: { chains: 10, tickets: 700, failures: 500, among: 2_500, swallowed: false },
};
const CONTROL: FailingAppends = { tickets: 12, failures: 20, among: 40, swallowed: true };
const WITHOUT_SIGNED_HEADS: readonly LeftOut[] = [
  {
    package: 'connector-runtime',
    step: 'checkSignedHead',
    instead: 'for (const one of arguments[1]) arguments[2].add(one); return;',
  },
];

export default defineFault({
  promise: 'no audit row, no action; what is changed in the audit afterwards is detected offline',
  async run({ size, random, progress }) {
    const sizes = SIZES[size];
    const tampered = await tryTamperings(sizes.chains, [], random);
    const blind = await tryTamperings(1, WITHOUT_SIGNED_HEADS, random);
    const failing = await tryFailingAppends(sizes, { random, progress });
    const swallowing = await tryFailingAppends(CONTROL, { random, progress: () => undefined });
    return {
      tried: tampered.tried + failing.failed,
      violations: [...tampered.violations, ...failing.violations],
      controlCaught: blind.violations.length > 0 && swallowing.violations.length > 0,
      notes: [
        `${tampered.tried} exports verified by connector-runtime audit verify`,
        `${failing.failed} appends failed under ${sizes.tickets} runs: each write had its intent committed when it arrived`,
        `a verifier that does not look at signed heads: ${blind.violations.join('; ')}`,
        `a build that swallows failed appends: ${swallowing.violations.length} violations`,
      ],
    };
  },
});

async function tryTamperings(chains: number, broken: readonly LeftOut[], random: () => number) {
  const folder = await mkdtemp(join(tmpdir(), 'faults-audit-'));
  // Postgres runs as a user of its own where this process is root, and must reach its data below this folder.
  await chmod(folder, 0o711);
  const store = await openStore({ dataDir: join(folder, 'data') }, silentLog);
  try {
    const violations: string[] = [];
    let tried = 0;
    for (let chain = 0; chain < chains; chain += 1) {
      const evidence = await makeEvidence(store);
      for (const { name, kind, evidence: changed } of tamperings(evidence, Math.floor(random() * 100))) {
        const verdict = await verdictOf(changed, broken);
        tried += 1;
        if (verdict !== kind) violations.push(`${name}: said ${verdict ?? 'verified'}, not ${kind ?? 'verified'}`);
      }
    }
    return { tried, violations };
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}
