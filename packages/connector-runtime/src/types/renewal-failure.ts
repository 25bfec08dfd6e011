import type { StepError } from './run.ts';

/** How the last renewal of a credential failed. */
export interface RenewalFailure extends StepError {
  /** A later one may do better by itself. */
  readonly retryable: boolean;
}
