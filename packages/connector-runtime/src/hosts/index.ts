export type { HostMethod, HostMethods } from './child/methods-wire.ts';
export type { WireRequest, WireResponse } from './child/wire.ts';
export { createHostPool, type HostPool } from './host-pool.ts';
