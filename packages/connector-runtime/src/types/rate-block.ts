/** Why a SaaS lets nothing pass for a while. */
export interface RateBlock {
  /** Of the answer that said so; null when the connector read it in a body. */
  readonly status: number | null;
  /** The limit's name, where the SaaS gives one. */
  readonly rule?: string;
}
