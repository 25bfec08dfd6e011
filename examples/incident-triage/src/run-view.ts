/** A run as the admin API shows it. */
export interface RunView {
  readonly id: string;
  readonly status: string;
  readonly auditUrl: string;
  readonly steps: readonly {
    readonly key: string;
    readonly kind: string;
    readonly action: string | null;
    readonly status: string;
    readonly attempts: number;
  }[];
}
