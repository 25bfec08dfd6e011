import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** By a process since it started. */
export interface Usage {
  readonly cpuMs: number;
  /** Sent to the database. */
  readonly statements: number;
  /** After its garbage was collected. */
  readonly heapBytes: number;
}

const PATIENCE_MS = 30_000;

/** Asks processes that imported `node-usage.ts`, which answer in files of this folder. */
export function createUsageReader(folder: string) {
  const asked = new Map<number, number>();
  const module = new URL('./node-usage.ts', import.meta.url);
  module.searchParams.set('into', folder);
  return {
    /** What such a process imports first. */
    module: module.href,
    async read(pid: number): Promise<Usage> {
      const turn = (asked.get(pid) ?? 0) + 1;
      asked.set(pid, turn);
      process.kill(pid, 'SIGUSR2');
      for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await pause(5)) {
        const text = await readFile(`${folder}/${pid}-${turn}`, 'utf8').catch(() => undefined);
        if (text !== undefined) return JSON.parse(text) as Usage;
      }
      throw new Error(`process ${pid} did not tell what it used`);
    },
  };
}

export type UsageReader = ReturnType<typeof createUsageReader>;

/** Its share of what memory it has in common with others counted by halves, thirds, …: Linux's PSS. */
export async function memoryBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? Number.NaN) * 1024;
}
