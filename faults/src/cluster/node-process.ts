import { fileURLToPath } from 'node:url';
import { startChild } from '../../../examples/incident-triage/src/child.ts';
import type { LeftOut } from '../leave-out.ts';

const cli = fileURLToPath(new URL('./cli.js', import.meta.resolve('@org/connector-runtime')));
const config = fileURLToPath(new URL('./node.config.ts', import.meta.url));
const brokenBuild = new URL('./broken-build.ts', import.meta.url).href;

/** What a node's config file reads from its environment. */
export interface NodeSettings {
  readonly databaseUrl: string;
  readonly databaseTimeoutMs?: number;
  readonly masterKey: string;
  readonly adminToken: string;
  readonly trust: string;
  readonly artifacts: readonly string[];
}

export interface NodeProcess {
  readonly url: string;
  readonly pid: number;
  readonly ended: Promise<void>;
  /** Resolves when it is gone. */
  kill(): Promise<void>;
}

/** One node as an operator starts it: `connector-runtime serve`. With `broken`, of a build that leaves these steps out. */
export async function startNode(options: {
  readonly settings: NodeSettings;
  readonly logFile: string;
  readonly cache: string;
  readonly broken: readonly LeftOut[];
}): Promise<NodeProcess> {
  const { settings, logFile, cache, broken } = options;
  const child = await startChild<{ readonly ready: true; readonly url: string }>({
    name: 'a node',
    command: process.execPath,
    args: [...(broken.length > 0 ? ['--import', brokenBuild] : []), cli, 'serve', '--config', config, '--json'],
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: cache,
      CLUSTER_NODE: JSON.stringify(settings),
      CLUSTER_LEFT_OUT: JSON.stringify(broken),
    },
    logFile,
  });
  return { url: child.ready.url, pid: child.pid, ended: child.ended, kill: () => child.stop('SIGKILL') };
}
