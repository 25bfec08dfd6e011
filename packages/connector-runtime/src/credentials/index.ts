export { type Credentials, createCredentials } from './credentials.ts';
export type { CallAuth } from './ports.ts';
export { createRenewalWatch } from './renewal-watch.ts';
export { createTokenHttp } from './token-http.ts';
