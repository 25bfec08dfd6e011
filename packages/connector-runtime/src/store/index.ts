export type { Store } from './connect-store.ts';
export { openStore, type StoreOptions } from './open-store.ts';
export { connectOwner } from './owner-client.ts';
