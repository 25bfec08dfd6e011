import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LeftOut } from '../leave-out.ts';
import { type CrashingDatabase, startDatabase } from './database.ts';
import { type NodeProcess, type NodeProgram, type NodeSettings, startNode } from './node-process.ts';
import { writeConnectors } from './ticket-connector.ts';
import { serveTicketSaas, type TicketSaas } from './ticket-saas.ts';

export interface ClusterOptions {
  readonly nodes: number;
  /** Steps that every node's build leaves out. */
  readonly broken?: readonly LeftOut[];
  /** Nodes serve the Slack connector as well. */
  readonly slack?: boolean;
  /** `limits.webhooks.databaseTimeoutMs` of each node. */
  readonly databaseTimeoutMs?: number;
  /** Gives the address by which nodes reach the database; its own when left out. */
  readonly reach?: (databaseUrl: string) => Promise<string>;
  /** The database's folder, where it is to lie elsewhere than the cluster's other files. */
  readonly databaseFolder?: string;
  /** The database is on a disk, and its commits cost what they cost there. Default: in memory. */
  readonly onDisk?: boolean;
  /** Another config file of the nodes, and modules that are imported before their own program. */
  readonly program?: Pick<NodeProgram, 'config' | 'imports'>;
}

/** Whole runtimes, each a process of its own, on one real Postgres and beside one SaaS. */
export interface Cluster {
  readonly database: CrashingDatabase;
  readonly saas: TicketSaas;
  readonly adminToken: string;
  /** Nodes that ended without having been killed. */
  readonly diedByThemselves: number;
  /** Those that serve now, by their place. */
  serving(): readonly { readonly place: number; readonly node: NodeProcess }[];
  /** Resolves with those that serve, once there are so many. */
  untilServing(least: number): Promise<ReturnType<Cluster['serving']>>;
  /** Kills the node at this place, if one serves there, and starts the next one, which takes a moment. */
  replace(place: number): Promise<void>;
  /** What all nodes have logged. */
  readLog(): Promise<string>;
  stop(): Promise<void>;
}

/** A supervisor's patience with a node that does not start, while its database is down for example. */
const RESTARTS = 100;

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { nodes, broken = [], slack = false, onDisk = false, program } = options;
  const { databaseTimeoutMs, reach = async (url: string) => url } = options;
  // In memory where there is some: Postgres syncs as in production, but nobody waits for a disk.
  const folder = await mkdtemp(join(!onDisk && existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cluster-'));
  // Postgres runs as a user of its own where this process is root, and must reach its data below this folder.
  await chmod(folder, 0o711);
  const [database, saas, files] = await Promise.all([
    startDatabase(options.databaseFolder ?? folder),
    serveTicketSaas(),
    writeConnectors(folder, { slack }),
  ]);
  const settings: NodeSettings = {
    ...files,
    databaseUrl: await reach(database.url),
    ...(databaseTimeoutMs === undefined ? {} : { databaseTimeoutMs }),
    masterKey: randomBytes(32).toString('base64'),
    adminToken: randomBytes(32).toString('base64url'),
  };
  const logFile = join(folder, 'nodes.log');
  const start = () => startNode({ settings, logFile, cache: join(folder, 'compiled'), broken, ...program });
  const places: (NodeProcess | undefined)[] = [];
  const starting = new Set<Promise<void>>();
  let isStopped = false;
  let diedByThemselves = 0;

  const serving = () => places.flatMap((node, place) => (node === undefined ? [] : [{ place, node }]));

  async function occupy(place: number): Promise<void> {
    for (let tries = 1; !isStopped; tries += 1) {
      try {
        const node = await start();
        places[place] = node;
        void node.ended.then(() => lose(place, node));
        return;
      } catch (error) {
        if (tries === RESTARTS) throw error;
        await pause(200);
      }
    }
  }

  function lose(place: number, node: NodeProcess): void {
    if (isStopped || places[place] !== node) return;
    diedByThemselves += 1;
    replace(place).catch(() => undefined);
  }

  async function replace(place: number): Promise<void> {
    const node = places[place];
    places[place] = undefined;
    await node?.kill();
    const occupying = occupy(place).finally(() => starting.delete(occupying));
    starting.add(occupying);
    await occupying;
  }

  async function stop(): Promise<void> {
    isStopped = true;
    await Promise.allSettled([...starting]);
    await Promise.all(places.map((node) => node?.kill()));
    await saas.close();
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await Promise.all(Array.from({ length: nodes }, (_, place) => occupy(place)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    database,
    saas,
    adminToken: settings.adminToken,
    get diedByThemselves() {
      return diedByThemselves;
    },
    serving,
    async untilServing(least) {
      for (;;) {
        const nodesNow = serving();
        if (nodesNow.length >= least) return nodesNow;
        await pause(20);
      }
    },
    replace,
    readLog: () => readFile(logFile, 'utf8'),
    stop,
  };
}
