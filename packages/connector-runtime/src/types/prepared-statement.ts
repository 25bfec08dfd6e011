/** A statement that a database connection parses and plans once, for what is done thousands of times a second. */
export interface PreparedStatement {
  /** One name, one text. */
  readonly name: string;
  readonly text: string;
}

/** Runs it by itself, on any connection. */
export type RunPrepared = <Row extends object>(
  statement: PreparedStatement,
  values: readonly unknown[],
) => Promise<readonly Row[]>;
