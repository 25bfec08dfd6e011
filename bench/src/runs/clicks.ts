import { createClicks, sendClick } from '../../../faults/src/approval/clicks.ts';
import { startScene } from '../../../faults/src/approval/scene.ts';
import { at, type BenchOptions, type BenchResult, rowOf } from '../bench.ts';
import { until } from './side.ts';

const ROUNDS = 5;
const PERSON = 'dana';

/** From a person's click in Slack to the write that waited for it, one after the other. */
export async function clickToWrite({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const clicks = quick ? 8 : 30;
  const scene = await startScene({ nodes: 1, onDisk: true });
  try {
    const { slack, tenant, cluster } = scene;
    await scene.setRule({ approvers: [scene.actorOf(PERSON)] });
    const first = await scene.ask('natural-first');
    const clicked = await createClicks(slack, first.ts);
    const times: number[][] = [];
    for (let round = -1; round < ROUNDS; round += 1) {
      const taken: number[] = [];
      for (let turn = 0; turn < clicks; turn += 1) {
        const { approvalId, ticket } = await scene.ask(`natural-${round + 1}-${turn}`);
        const signed = clicked.sign({ approvalId, actionId: 'approve', user: slack.users[PERSON] ?? '' });
        const started = performance.now();
        const { status } = await sendClick(scene.hooksOf(tenant)[0] ?? '', signed);
        if (status !== 200) throw new Error(`a click was answered with ${status}`);
        const sentAt = () => cluster.saas.sentAt(tenant.account, ticket)[0];
        await until(async () => sentAt() !== undefined, 2);
        taken.push((sentAt() ?? Number.NaN) - started);
        await scene.settled();
      }
      if (round >= 0) times.push(taken.sort((one, other) => one - other));
      progress(`${(round + 2) * clicks} clicks`);
    }
    return {
      rows: [
        rowOf(
          'click → write, p50',
          'ms',
          times.map((round) => at(round, 0.5)),
        ),
        rowOf(
          'click → write, p99',
          'ms',
          times.map((round) => at(round, 0.99)),
        ),
      ],
      ratios: {},
    };
  } finally {
    await scene.close();
  }
}
