/** Names a connection, for whoever knows that it is there. */
export interface ConnectionKey {
  readonly id: string;
  readonly tenantId: string;
}

/** Where a person agrees, and as which client. */
export interface AuthorizationRequest {
  readonly authorizationEndpoint: string;
  readonly clientId: string;
  /** Undefined: none are asked for. */
  readonly scopes: readonly string[] | undefined;
  /** The same, as this provider writes it. */
  readonly scope: string | undefined;
  /** SHA-256 over server and client: an answer counts for these only. */
  readonly registrationHash: Buffer;
  /** Of whoever gets the code: the issuer, or where none is named the authorization page. */
  readonly serverHost: string;
  /** The server says who it is in each answer (RFC 9207). */
  readonly namesItself: boolean;
}

/** What a browser brought back, and what it belongs to. */
export interface AuthorizationAnswer {
  readonly params: URLSearchParams;
  readonly state: string;
  readonly redirectUri: string;
  readonly verifier: string;
  readonly registrationHash: Buffer;
  readonly scopes: readonly string[] | undefined;
  readonly by: string;
}
