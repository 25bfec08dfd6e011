export { type Credentials, createCredentials } from './credentials.ts';
export type { CallAuth } from './ports.ts';
export { createTokenHttp } from './token-http.ts';
