/** What is decided with, over the default policies. */
export interface PolicyTexts {
  /** Cedar. Undefined: the tenant has none of its own. */
  readonly tenant?: string | undefined;
  /** Cedar, for one workspace: only what forbids. */
  readonly workspace?: string | undefined;
}

/** Texts as they are stored; `version` rises with each change of a text, and is 0 where there is none. */
export interface StoredPolicyTexts extends PolicyTexts {
  readonly tenantVersion: number;
  readonly workspaceVersion: number;
}
