import type { Manifest } from '@org/connector-sdk';
import type { Profile } from '@org/connector-sdk/validation';

/** What to check for, in a form that can be sent to another thread. */
export interface CheckPlan {
  readonly profile: Profile;
  readonly only: readonly string[];
  readonly ignore: readonly string[];
  /** Manifests of earlier releases, by connector id. */
  readonly previous: ReadonlyMap<string, Manifest>;
  readonly fix: boolean;
}
