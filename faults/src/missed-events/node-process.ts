import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromNode, NodeStart, ToNode } from './messages.ts';

export interface NodeProcess {
  readonly url: string;
  setTime(now: number): Promise<void>;
  /** As a deploy stops it. */
  stop(): Promise<void>;
  /** As a power cut does. */
  kill(): Promise<void>;
}

export async function startNode(start: Omit<NodeStart, 'kind'>): Promise<NodeProcess> {
  const child = fork(fileURLToPath(new URL('./node.ts', import.meta.url)), {
    execArgv: [],
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const send = (message: ToNode) => void child.send(message);
  const closed = once(child, 'close');
  const ready = next(child, 'ready');
  send({ kind: 'start', ...start });
  const { url } = await ready;
  return {
    url,
    async setTime(now) {
      const set = next(child, 'time');
      send({ kind: 'time', now });
      await set;
    },
    async stop() {
      send({ kind: 'stop' });
      await closed;
    },
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

function next<K extends FromNode['kind']>(child: ChildProcess, kind: K): Promise<Extract<FromNode, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: FromNode) => {
      if (message.kind !== kind) return;
      child.off('message', onMessage).off('exit', onExit);
      resolve(message as Extract<FromNode, { kind: K }>);
    };
    const onExit = () => reject(new Error('the node ended'));
    child.on('message', onMessage).once('exit', onExit);
  });
}
