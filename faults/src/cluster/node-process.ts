import { fileURLToPath } from 'node:url';
import { startChild } from '../../../examples/incident-triage/src/child.ts';
import type { LeftOut } from '../leave-out.ts';

const cli = fileURLToPath(new URL('./cli.js', import.meta.resolve('@org/connector-runtime')));
const ownConfig = new URL('./node.config.ts', import.meta.url);
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

export interface NodeProgram {
  readonly settings: NodeSettings;
  readonly logFile: string;
  readonly cache: string;
  /** Of a build that leaves these steps out. */
  readonly broken: readonly LeftOut[];
  /** The config file, which reads {@link NodeSettings}. Default: the cluster's own. */
  readonly config?: URL;
  /** Imported before the node's own program, by URL. */
  readonly imports?: readonly string[];
}

/** One node as an operator starts it: `connector-runtime serve`. */
export async function startNode(program: NodeProgram): Promise<NodeProcess> {
  const { settings, logFile, cache, broken, config = ownConfig, imports = [] } = program;
  const first = broken.length > 0 ? [...imports, brokenBuild] : imports;
  const child = await startChild<{ readonly ready: true; readonly url: string }>({
    name: 'a node',
    command: process.execPath,
    args: [...first.flatMap((url) => ['--import', url]), cli, 'serve', '--config', fileURLToPath(config), '--json'],
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
