import type { LeftOut } from '../leave-out.ts';

export interface SeededEndpoint {
  readonly token: string;
  readonly secret: string;
}

export interface OracleJob {
  readonly seed: number;
  readonly databaseUrl: string;
  readonly masterKey: string;
  readonly known: SeededEndpoint;
  readonly disabled: SeededEndpoint;
  /** Its address was changed, and this is the old one. */
  readonly expired: SeededEndpoint;
  /** Of each kind of refusal and size of body. */
  readonly samples: number;
  /** At once: few enough that the database answers within a step, many enough that it ends today. */
  readonly concurrency: number;
  readonly bodySizes: readonly number[];
  readonly leftOut?: readonly LeftOut[];
}

export interface OracleAnswer {
  /** Requests that were sent. */
  readonly tried: number;
  /** Kinds of refusal whose answers have other bytes. */
  readonly bytes: readonly string[];
  /** Kinds of refusal whose answers come at another time. */
  readonly times: readonly string[];
  /** Kinds of refusal that cost another amount of work, before the time of the answer is evened out. */
  readonly work: readonly string[];
  readonly notes: readonly string[];
}
