import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../../../faults/src/cluster/cluster.ts';
import { createWebhookSender } from '../../../faults/src/cluster/webhook-sender.ts';
import { at, type BenchOptions, type BenchResult, type Row, ratio, rowOf } from '../bench.ts';
import { createBareSide } from './bare.ts';
import { createRuntimeSide } from './runtime-side.ts';
import { type Burst, burst, pace, type Scene, type Side } from './side.ts';
import { createUsageReader } from './usage.ts';

const PER_SECOND = 5;
export const NODE_CONFIG = new URL('./node.config.ts', import.meta.url);

/** How fast webhooks become writes, and what each costs, beside a bare pg-boss handler on the same Postgres. */
export async function besideBare({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const plan = quick
    ? { sizes: [1, 2], rounds: 5, runs: 100, paced: 8 }
    : { sizes: [1, 2, 4], rounds: 7, runs: 1_500, paced: 40 };
  const folder = await mkdtemp(join(tmpdir(), 'bench-runs-'));
  await chmod(folder, 0o700);
  const usages = createUsageReader(folder);
  const cluster = await startCluster({
    nodes: 1,
    onDisk: true,
    program: { config: NODE_CONFIG, imports: [usages.module] },
  });
  const sender = createWebhookSender();
  const scene: Scene = { cluster, sender };
  const rows: Row[] = [];
  const ratios: Record<string, number> = {};
  let sides: readonly Side[] = [];
  try {
    sides = [await createRuntimeSide(cluster, usages), await createBareSide(cluster)];
    for (const size of plan.sizes) {
      for (const side of sides) while (side.urls().length < size) await side.grow();
      progress(`${size} nodes each`);
      const bursts = await inTurns(
        sides,
        plan.rounds,
        (side) => burst(scene, side, plan.runs),
        (side, { perSecond }) => progress(`  ${side.name}: ${Math.round(perSecond)} runs/s`),
      );
      Object.assign(ratios, speedRows(rows, sides, bursts, size));
      if (size > 1) continue;
      costRows(rows, sides, bursts);
      progress(`${PER_SECOND} webhooks a second`);
      const paced = await inTurns(sides, plan.rounds, (side) =>
        pace(scene, side, { count: plan.paced, perSecond: PER_SECOND }),
      );
      latencyRows(rows, sides, paced);
    }
    return { rows, ratios };
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
    sender.close();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each round begins with another one; the first is not counted. */
async function inTurns<Sample>(
  sides: readonly Side[],
  rounds: number,
  take: (side: Side) => Promise<Sample>,
  tell: (side: Side, sample: Sample) => void = () => undefined,
): Promise<ReadonlyMap<Side, readonly Sample[]>> {
  const samples = new Map<Side, Sample[]>(sides.map((side) => [side, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (let turn = 0; turn < sides.length; turn += 1) {
      const side = sides[(turn + round + 1) % sides.length] as Side;
      const sample = await take(side);
      tell(side, sample);
      if (round >= 0) samples.get(side)?.push(sample);
    }
  }
  return samples;
}

const TITLES = { runtime: 'runtime', bare: 'bare pg-boss handler' } as const;

function speedRows(
  rows: Row[],
  sides: readonly Side[],
  bursts: ReadonlyMap<Side, readonly Burst[]>,
  size: number,
): Record<string, number> {
  const nodes = size === 1 ? '1 node' : `${size} nodes`;
  const speeds = sides.map((side) =>
    rowOf(
      `${TITLES[side.name]}, ${nodes}`,
      'runs/s',
      (bursts.get(side) ?? []).map(({ perSecond }) => perSecond),
    ),
  );
  rows.push(...speeds);
  const [own, bare] = speeds;
  return own && bare ? { [`runtime/bare, ${nodes}`]: ratio(own, bare) } : {};
}

function costRows(rows: Row[], sides: readonly Side[], bursts: ReadonlyMap<Side, readonly Burst[]>): void {
  const costs = [
    ['statements', 'statements/run', ({ statements }: Burst) => statements],
    ['transactions', 'commits/run', ({ transactions }: Burst) => transactions],
    ['WAL', 'bytes/run', ({ walBytes }: Burst) => walBytes],
    ['CPU of the node', 'ms/run', ({ cpuMs }: Burst) => cpuMs],
  ] as const;
  for (const [what, unit, of] of costs) {
    for (const side of sides) rows.push(rowOf(`${TITLES[side.name]}, ${what}`, unit, (bursts.get(side) ?? []).map(of)));
  }
}

function latencyRows(
  rows: Row[],
  sides: readonly Side[],
  paced: ReadonlyMap<Side, readonly (readonly number[])[]>,
): void {
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    for (const side of sides) {
      const shares = (paced.get(side) ?? []).map((times) =>
        at(
          [...times].sort((a, b) => a - b),
          share,
        ),
      );
      rows.push(rowOf(`${TITLES[side.name]}, webhook → write at ${PER_SECOND}/s, ${name}`, 'ms', shares));
    }
  }
}
