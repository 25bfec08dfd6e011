export { type AuthorizationFlow, type BegunAuthorization, createAuthorizationFlow } from './authorization-flow.ts';
export { createPostgresSessionStore } from './postgres-session-store.ts';
