/** Told to a node, once, when it is there. */
export interface NodeStart {
  readonly databaseUrl: string;
  readonly masterKey: string;
  /** Renews without holding the row: the build that must be caught. */
  readonly withoutLock: boolean;
}

/** So many callers on this node want to use a connection at once. */
export interface NodeRound {
  readonly connectionId: string;
  readonly tenantId: string;
  readonly callers: number;
}

export type NodeMessage =
  | { readonly kind: 'ready' }
  /** It is about to ask the provider. */
  | { readonly kind: 'asking' }
  | { readonly kind: 'done'; readonly tokens: readonly string[]; readonly failures: readonly string[] };
