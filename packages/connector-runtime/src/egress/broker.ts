import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import { parsePrivateNetworks } from './address-rules.ts';
import { type Resolver, systemResolver } from './check-target.ts';
import type { BrokerSession, EgressGrant } from './egress-grant.ts';
import { createPinnedAgents } from './pinned-agents.ts';
import { defaultRetry, type RetryOptions } from './retry-safe.ts';
import { createSession } from './session.ts';

export interface Broker {
  open(grant: EgressGrant): BrokerSession;
  stop(): Promise<void>;
}

export interface BrokerOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Hosts, addresses and CIDR ranges outside the public internet that may be reached, and over http. */
  readonly allowedPrivate: readonly string[];
  readonly resolve?: Resolver;
  readonly retry?: RetryOptions;
  /** Spreads retries; `[0, 1)`. Default `Math.random`. */
  readonly random?: () => number;
}

/** The only way out of the runtime. Throws `CONFIG_INVALID` for an entry of `allowedPrivate` that is none. */
export function createBroker(options: BrokerOptions): Broker {
  const agents = createPinnedAgents();
  const networks = parsePrivateNetworks(options.allowedPrivate);
  const { clock, log, resolve = systemResolver, retry = defaultRetry, random = Math.random } = options;
  let stopped = false;
  return {
    open(grant) {
      if (stopped) throw new RuntimeError('RUNTIME_STOPPED', 'The runtime is stopping; nothing is sent any more');
      return createSession(grant, { agents, networks, clock, log, resolve, retry, random });
    },
    async stop() {
      stopped = true;
      await agents.close();
    },
  };
}
