/** Says that something still works and will go: callers are told, and a later major version may remove it. */
export interface Deprecation {
  /** The connector's version that said so first. */
  readonly since: string;
  /** What to use instead: the key of a sibling, or for a connector the id of another. */
  readonly use?: string;
}
