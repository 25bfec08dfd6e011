import { Worker } from 'node:worker_threads';
import type { CheckedManifest } from './check-input.ts';
import type { CheckPlan } from './check-plan.ts';
import type { Input } from './inputs.ts';

/** Large enough that messages cost nothing beside the work, small enough that the threads end together. */
const BATCH = 50;

/** The file of the thread lies beside this one, before and after the build. */
const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? './check-thread.ts' : './check-thread.js', import.meta.url);

/** Checks files in so many threads; each takes the next batch when it is done with one. Results come in no order. */
export async function checkInThreads(
  files: readonly Input[],
  plan: CheckPlan,
  threads: number,
  take: (result: CheckedManifest) => void,
): Promise<void> {
  let next = 0;
  const nextBatch = (): readonly Input[] => {
    const batch = files.slice(next, next + BATCH);
    next += batch.length;
    return batch;
  };
  const workers = Array.from({ length: threads }, () => new Worker(PROGRAM, { workerData: plan }));
  try {
    await Promise.all(workers.map((worker) => feed(worker, nextBatch, take)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function feed(
  worker: Worker,
  nextBatch: () => readonly Input[],
  take: (result: CheckedManifest) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const send = (): void => {
      const batch = nextBatch();
      if (batch.length === 0) resolve();
      else worker.postMessage(batch);
    };
    worker.on('message', (results: readonly CheckedManifest[]) => {
      for (const result of results) take(result);
      send();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a thread that checks manifests ended with ${code}`)));
    send();
  });
}
