import type { Deployment } from './deployment.ts';
import type { Furnished } from './furnish.ts';
import type { TenantTable } from './rows.ts';

/** Two tenants of one deployment: who attacks, and whose data it is. */
export interface Scene {
  readonly deployment: Deployment;
  readonly own: Furnished;
  readonly foreign: Furnished;
  readonly tables: readonly TenantTable[];
}

export interface Tried {
  readonly tried: number;
  readonly violations: readonly string[];
}
