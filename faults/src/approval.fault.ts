import { type Attack, attacks, clickTogether } from './approval/attacks.ts';
import { type Case, judge } from './approval/judge.ts';
import { PEOPLE, type Scene, startScene } from './approval/scene.ts';
import { atOnce } from './cluster/at-once.ts';
import { defineFault } from './fault.ts';
import type { LeftOut } from './leave-out.ts';

interface Amount {
  readonly nodes: number;
  readonly attacks: readonly Attack[];
  /** Questions on which many click at once. */
  readonly together: number;
  readonly clicks: number;
}

const SIZES: Readonly<Record<'short' | 'long', Amount>> = {
  short: { nodes: 2, attacks, together: 6, clicks: 50 },
  long: { nodes: 2, attacks, together: 200, clicks: 50 },
};
const ASKED_AT_ONCE = 4;
const QUORUM = 3;

/** A build in which everybody is an approver, and one that decides on what was decided. */
const CONTROLS: readonly { readonly what: string; readonly broken: readonly LeftOut[]; readonly amount: Amount }[] = [
  {
    what: 'without the check of who clicked',
    broken: [{ package: 'connector-runtime', step: 'allowsVoter', instead: 'return true;' }],
    amount: { nodes: 1, attacks: attacks.filter(({ name }) => name === 'a guest'), together: 0, clicks: 0 },
  },
  {
    what: 'without the compare-and-set',
    broken: [
      {
        package: 'connector-runtime',
        step: 'statusesToDecide',
        instead: "return ['requested', 'approved', 'denied'];",
      },
    ],
    amount: { nodes: 2, attacks: [], together: 4, clicks: 50 },
  },
];

export default defineFault({
  promise:
    'one decision, by an allowed person, on exactly what was shown, before it expires, however often it is clicked',
  async run({ size, progress }) {
    const amount = SIZES[size];
    const real = await attack(amount, [], progress);
    const controls: string[] = [];
    let controlCaught = true;
    for (const { what, broken, amount: less } of CONTROLS) {
      const { violations } = await attack(less, broken, () => undefined);
      controlCaught &&= violations.length > 0;
      controls.push(`${what}: ${violations.length} violations`);
    }
    return {
      tried: amount.attacks.length + amount.together * amount.clicks,
      violations: real.violations,
      controlCaught,
      notes: [
        `${amount.attacks.length} attacks, and ${amount.clicks} clicks of ${PEOPLE.length} people at once on each of ${amount.together} questions, on ${amount.nodes} nodes`,
        ...controls,
      ],
    };
  },
});

async function attack(
  { nodes, attacks: chosen, together, clicks }: Amount,
  broken: readonly LeftOut[],
  progress: Tell,
) {
  const scene = await startScene({ nodes, broken });
  try {
    const cases: Case[] = [];
    const violations: string[] = [];
    for (const { name, run } of chosen.map(bound)) {
      progress(name);
      const { expected, violations: seen = [] } = await run(scene);
      await scene.settled();
      cases.push(expected);
      violations.push(...seen.map((text) => `${name}: ${text}`));
    }
    cases.push(...(await clickMany(scene, { together, clicks }, progress)));
    await scene.settled();
    violations.push(...(await judge(scene, cases)));
    if (scene.cluster.diedByThemselves > 0)
      violations.push(`${scene.cluster.diedByThemselves} nodes ended by themselves`);
    return { violations };
  } finally {
    await scene.close();
  }
}

type Tell = (line: string) => void;

const bound = (one: Attack) => ({ name: one.name, run: (scene: Scene) => one.run(scene) });

async function clickMany(scene: Scene, { together, clicks }: Pick<Amount, 'together' | 'clicks'>, progress: Tell) {
  const cases: Case[] = [];
  await scene.setRule({ approvers: PEOPLE.map(scene.actorOf), quorum: QUORUM });
  await atOnce(ASKED_AT_ONCE, Array.from({ length: together }), async (_, at) => {
    cases.push(await clickTogether(scene, { name: `together-${at}`, clicks, quorum: QUORUM, denies: at % 2 === 1 }));
    if ((at + 1) % 20 === 0) progress(`${at + 1} of ${together} questions`);
  });
  return cases;
}
