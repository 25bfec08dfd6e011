export { resolveAllowedHosts, resolveTemplate } from './allowed-hosts.ts';
export { type Broker, createBroker } from './broker.ts';
export type { BrokerSession } from './egress-grant.ts';
export type { Effect } from './write-effect.ts';
