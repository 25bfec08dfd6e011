import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Runs a worker file in a process of its own, which imports the built packages as a user would: the job goes in as one JSON
 * argument, the answer comes out as one line of JSON; what the worker tells on standard error is progress.
 */
export async function runChild<T>(worker: URL, job: unknown, progress: (line: string) => void): Promise<T> {
  const child = spawn(process.execPath, [fileURLToPath(worker), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  const said: string[] = [];
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.push(text);
    for (const line of text.split('\n').filter(Boolean)) progress(line);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${fileURLToPath(worker)} ended with ${code}: ${said.join('').slice(-2000)}`);
  return JSON.parse(answer) as T;
}
