import { Agent } from 'undici';
import type { CheckedTarget, ResolvedAddress } from './check-target.ts';

const MAX_AGENTS = 256;

export interface PinnedAgents {
  /** An agent that connects to the checked addresses and to nothing else, whatever the name resolves to by then. */
  agentFor(partition: string, target: CheckedTarget): Agent;
  close(): Promise<void>;
}

/** Connections are kept alive per partition (a connection of a tenant): no two share a socket. */
export function createPinnedAgents(): PinnedAgents {
  const agents = new Map<string, Agent>();
  return {
    agentFor(partition, { url, addresses }) {
      const key = JSON.stringify([partition, url.origin, addresses.map(({ address }) => address).sort()]);
      const agent = agents.get(key) ?? createAgent(addresses);
      agents.delete(key);
      agents.set(key, agent);
      const [oldest] = agents;
      if (agents.size > MAX_AGENTS && oldest) {
        agents.delete(oldest[0]);
        // Requests under way on it finish first.
        oldest[1].close().catch(() => {});
      }
      return agent;
    },
    async close() {
      await Promise.allSettled([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

function createAgent(addresses: readonly ResolvedAddress[]): Agent {
  return new Agent({
    connect: {
      // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED cannot take it back.
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      lookup: (_host, options, callback) => {
        const [first] = addresses;
        if (options.all) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family ?? 4);
      },
    },
    // One request at a time on a connection: whether it had left when the connection broke is known of each.
    allowH2: false,
    keepAliveTimeout: 10_000,
    maxHeaderSize: 32 * 1024,
    // The broker's own deadline bounds the request.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
