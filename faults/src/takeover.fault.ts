import { startCluster } from './cluster/cluster.ts';
import { settled } from './cluster/settled.ts';
import { createClusterTenant } from './cluster/tenant.ts';
import { createWebhookSender } from './cluster/webhook-sender.ts';
import { defineFault } from './fault.ts';
import type { LeftOut } from './leave-out.ts';
import { loseNodes } from './takeover/round.ts';

interface Amount {
  readonly nodes: number;
  readonly rounds: readonly { readonly kills: number; readonly pauses: number }[];
}

const ROUNDS = [
  { kills: 3, pauses: 2 },
  { kills: 2, pauses: 3 },
];
const SIZES: Readonly<Record<'short' | 'long', Amount>> = {
  short: { nodes: 6, rounds: ROUNDS },
  long: { nodes: 6, rounds: Array.from({ length: 40 }, () => ROUNDS).flat() },
};
const CONTROL: Amount = { nodes: 2, rounds: [{ kills: 0, pauses: 1 }] };
const SETTLE_MS = 60_000;

/** A ledger that does not ask whose the run is: it writes nothing, and fences nobody. */
const WITHOUT_FENCE: readonly LeftOut[] = [
  { package: 'connector-runtime', step: 'commit(request, kind, details, step)' },
];

export default defineFault({
  promise: 'a node that dies or pauses is taken over within 30 s; a paused one that wakes up does nothing twice',
  async run({ size, progress }) {
    const { rounds, nodes } = SIZES[size];
    const real = await tryLosses(SIZES[size], [], progress);
    const broken = await tryLosses(CONTROL, WITHOUT_FENCE, () => undefined);
    const sum = (of: 'kills' | 'pauses') => rounds.reduce((total, round) => total + round[of], 0);
    const sorted = real.takeovers.toSorted((a, b) => a - b);
    const at = (share: number) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
    return {
      tried: sum('kills') + sum('pauses'),
      violations: real.violations,
      controlCaught: broken.violations.length > 0,
      notes: [
        `${sum('kills')} kills and ${sum('pauses')} pauses among ${nodes} nodes, ${real.takeovers.length} writes under way`,
        `taken over after ${at(0.5)} s (median), ${at(1)} s (longest)`,
        `without the fence: ${broken.violations.length} violations`,
      ],
    };
  },
});

async function tryLosses({ nodes, rounds }: Amount, broken: readonly LeftOut[], progress: (line: string) => void) {
  const cluster = await startCluster({ nodes, broken });
  const sender = createWebhookSender();
  try {
    const tenant = await createClusterTenant(cluster, 'acme');
    const takeovers: number[] = [];
    const violations: string[] = [];
    for (const [index, round] of rounds.entries()) {
      const result = await loseNodes({ cluster, tenant, sender }, { name: `round-${index}`, ...round });
      takeovers.push(...result.takeovers);
      violations.push(...result.violations);
      if ((index + 1) % 10 === 0) progress(`${index + 1} of ${rounds.length} rounds`);
    }
    if ((await settled(cluster, SETTLE_MS)) === undefined) violations.push('runs had not ended a minute later');
    if (cluster.diedByThemselves > 0) violations.push(`${cluster.diedByThemselves} nodes ended by themselves`);
    return { takeovers, violations };
  } finally {
    sender.close();
    await cluster.stop();
  }
}
