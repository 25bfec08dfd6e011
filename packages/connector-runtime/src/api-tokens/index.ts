export { type ApiTokens, createApiTokens, type TokenHolder } from './api-tokens.ts';
