/** Told to a node, once, when it is there. */
export interface NodeStart {
  readonly kind: 'start';
  /** What its config file would say, but for the workflows. */
  readonly config: object;
  readonly folder: string;
  readonly now: number;
}

export type ToNode = NodeStart | { readonly kind: 'time'; readonly now: number } | { readonly kind: 'stop' };

export type FromNode = { readonly kind: 'ready'; readonly url: string } | { readonly kind: 'time' };
