import type { AuthorizationAnswer, AuthorizationRequest, ConnectionKey } from '../types/authorization.ts';

/** What the flow asks of those who keep credentials. */
export interface GrantKeeper {
  authorizationRequest(key: ConnectionKey): Promise<AuthorizationRequest>;
  acceptAnswer(key: ConnectionKey, answer: AuthorizationAnswer): Promise<{ readonly generation: number }>;
}

export interface AuthorizedConnections {
  /** Throws `CONNECTION_UNKNOWN`, also for another tenant's. */
  connection(tenantId: string, connectionId: string): Promise<{ readonly status: string }>;
  /** Looks whether the grant is for the account that is meant, and says so in the connection's state. */
  confirmAccount(tenantId: string, connectionId: string): Promise<void>;
}
