import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { readArtifactBytes, verifyArtifact } from '@org/connector-artifact';
import { createHostPool, type HostPool, silentLog } from '@org/connector-runtime/stages';
import { at, defineBench, type Row, ratio, rowOf, sampleInterleaved } from './bench.ts';
import { firstCall, idleHostMemory, nextKey, signReleases, trivialConnector } from './load-subjects.ts';

const HOSTS = 16;

export default defineBench({
  summary: 'from a signed artifact to the first answer, beside plain import(); what a call and an idle host cost',
  async run({ quick, progress }) {
    const counts = quick ? [1, 10] : [1, 10, 100];
    progress(`signing ${Math.max(...counts)} releases of the ServiceNow connector`);
    const releases = await signReleases(Math.max(...counts));
    const folder = mkdtempSync(join(tmpdir(), 'bench-load-'));
    try {
      const file = join(folder, 'connector.mjs');
      writeFileSync(file, releases.code);
      const rows: Row[] = [];
      const ratios: Record<string, number> = {};
      for (const count of counts) {
        progress(`verify, start and call ${count}`);
        const loaded = await load(count, releases, file, count > 10 ? 5 : 9);
        rows.push(...loaded.rows);
        Object.assign(ratios, loaded.ratios);
      }
      progress('first calls');
      rows.push(...(await firstCalls(releases.code, quick ? 7 : 15)));
      progress('calls of a trivial action');
      rows.push(...(await calls(quick ? 5 : 10, 400)));
      progress('memory');
      rows.push(...(await memory(releases.code)));
      return { rows, ratios };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
});

type Releases = Awaited<ReturnType<typeof signReleases>>;

/** One after the other, as they come at the start of a runtime; and the same file in as many plain processes. */
async function load(count: number, { archives, policy }: Releases, file: string, samples: number) {
  const some = archives.slice(0, count);
  const verify = (archive: Uint8Array) => verifyArtifact(readArtifactBytes(archive), policy, { now: new Date() });
  const importing = ['--input-type=module', '-e', `await import(${JSON.stringify(pathToFileURL(file).href)})`];
  const pool = createHostPool({ log: silentLog, limits: { maxHosts: HOSTS } });
  const times = await sampleInterleaved(
    {
      verify: () => some.map(verify),
      load: async () => {
        for (const archive of some) await firstCall(pool, nextKey(), verify(archive).code);
      },
      plain: () => some.map(() => spawnSync(process.execPath, importing)),
    },
    { samples, warmUp: count > 10 ? 0 : 1 },
  );
  await pool.stop();
  const one = count === 1 ? 'artifact' : 'artifacts';
  const verified = rowOf(`verify ${count} ${one}`, 'ms', times.verify);
  const started = rowOf(`verify, start and first call of ${count} ${one}`, 'ms', times.load);
  const plain = rowOf(`plain import() of the same file, ${count} times in a new process`, 'ms', times.plain);
  return {
    rows: [verified, started, plain],
    ratios: { [`verify, start and first call/plain import (${count})`]: ratio(started, plain) },
  };
}

/** With the process that the pool keeps ready, and with none: what the very first call of a runtime would see. */
async function firstCalls(code: Uint8Array, samples: number): Promise<Row[]> {
  const timed = async (pool: HostPool) => {
    const started = performance.now();
    await firstCall(pool, nextKey(), code);
    return performance.now() - started;
  };
  const warm = createHostPool({ log: silentLog });
  const times = await sampleInterleaved(
    {
      spare: async () => {
        warm.warm();
        // Until the spare has started and this process is idle again.
        await pause(400);
        return timed(warm);
      },
      cold: async () => {
        const pool = createHostPool({ log: silentLog });
        const ms = await timed(pool);
        await pool.stop();
        return ms;
      },
    },
    { samples, warmUp: 1 },
  );
  await warm.stop();
  return [
    rowOf('first call of a connector', 'ms', times.spare),
    rowOf('first call of a connector, no process ready', 'ms', times.cold),
  ];
}

/** Each sample is the p50 or p99 of a batch of calls, one after the other. */
async function calls(batches: number, size: number): Promise<Row[]> {
  const pool = createHostPool({ log: silentLog });
  const { code, direct } = await trivialConnector();
  const batch = async (one: () => Promise<unknown>) => {
    const times: number[] = [];
    for (let call = 0; call < size; call += 1) {
      const started = performance.now();
      await one();
      times.push(performance.now() - started);
    }
    return times.sort((a, b) => a - b);
  };
  const hosted = () => firstCall(pool, 'trivial', code, 'ping');
  await batch(hosted);
  const samples = { hosted50: [] as number[], hosted99: [] as number[], direct50: [] as number[] };
  for (let round = 0; round < batches; round += 1) {
    const [through, beside] = [await batch(hosted), await batch(direct)];
    samples.hosted50.push(at(through, 0.5));
    samples.hosted99.push(at(through, 0.99));
    samples.direct50.push(at(beside, 0.5));
  }
  await pool.stop();
  const overhead = samples.hosted50.map((ms, index) => ms - (samples.direct50[index] ?? 0));
  return [
    rowOf(`call in a host, p50 of ${size}`, 'ms', samples.hosted50),
    rowOf(`call in a host, p99 of ${size}`, 'ms', samples.hosted99),
    rowOf(`the same call without a host, p50 of ${size}`, 'ms', samples.direct50),
    rowOf('overhead of the host, p50', 'ms', overhead),
  ];
}

async function memory(code: Uint8Array): Promise<Row[]> {
  const pool = createHostPool({ log: silentLog });
  const held = await idleHostMemory(async () => {
    for (let host = 0; host < 5; host += 1) await firstCall(pool, nextKey(), code);
  });
  await pool.stop();
  if (!held) return [];
  return [
    rowOf('memory of an idle host, resident', 'MB', held.residentMb),
    rowOf('memory of an idle host, its share (PSS)', 'MB', held.shareMb),
  ];
}
