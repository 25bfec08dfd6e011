import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NodeMessage, NodeRound, NodeStart } from './messages.ts';

export interface ClusterNode {
  /** Resolves with what its callers got; rejects when the node died. */
  round(round: NodeRound): Promise<{ readonly tokens: readonly string[]; readonly failures: readonly string[] }>;
  pause(): void;
  goOn(): void;
  kill(): Promise<void>;
}

export interface Cluster {
  readonly nodes: readonly ClusterNode[];
  /** The node that asked the provider last. */
  lastAsking(): number | undefined;
  /** Starts another in the place of one that was killed. */
  replace(index: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startCluster(size: number, start: NodeStart): Promise<Cluster> {
  let last: number | undefined;
  const startNode = (index: number) =>
    startProcess(start, () => {
      last = index;
    });
  const nodes = await Promise.all(Array.from({ length: size }, (_, index) => startNode(index)));
  return {
    nodes,
    lastAsking: () => last,
    async replace(index) {
      nodes[index] = await startNode(index);
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.kill()));
    },
  };
}

async function startProcess(start: NodeStart, onAsking: () => void): Promise<ClusterNode> {
  const child = fork(fileURLToPath(new URL('./node.ts', import.meta.url)), {
    execArgv: [],
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.on('message', (message: NodeMessage) => {
    if (message.kind === 'asking') onAsking();
  });
  child.send(start);
  await next(child, 'ready');
  return {
    async round(round) {
      child.send(round);
      return next(child, 'done');
    },
    pause: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

function next<K extends NodeMessage['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<NodeMessage, { readonly kind: K }>> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: NodeMessage) => {
      if (message.kind !== kind) return;
      stop();
      resolve(message as Extract<NodeMessage, { readonly kind: K }>);
    };
    const onExit = () => {
      stop();
      reject(new Error('the node ended'));
    };
    const stop = () => child.off('message', onMessage).off('exit', onExit);
    child.on('message', onMessage).on('exit', onExit);
  });
}
