const BRAND: unique symbol = Symbol.for('@org/connector-sdk/error');

/** What an error may carry besides its message. Details are shown to people and logged: never put a secret, a header or a body in them. */
export interface ConnectorErrorOptions {
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The base of every error of the project. `code` is stable (`STAGE_REASON`) and is what programs and tests compare;
 * the message says what failed, on what, and what to do next.
 */
export class ConnectorError<Code extends string = string> extends Error {
  readonly [BRAND] = true;
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, options: ConnectorErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }

  /** What may leave the process: code, message and details; no stack, no cause. */
  toJSON(): { code: Code; message: string; details: Readonly<Record<string, unknown>> } {
    return { code: this.code, message: this.message, details: this.details };
  }
}

/** True for a {@link ConnectorError} of any copy of this package: artifacts bundle their own, so `instanceof` would lie. */
export function isConnectorError(value: unknown): value is ConnectorError {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
}

export type SdkErrorCode =
  | 'SCHEMA_UNREPRESENTABLE'
  | 'SCHEMA_UNCONSTRAINED'
  | 'JSON_INVALID'
  | 'JSON_DUPLICATE_KEY'
  | 'JSON_NOT_UTF8'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_VERSION_UNKNOWN'
  | 'DEFINITION_INVALID'
  | 'RULE_UNKNOWN'
  | 'RULE_NOT_OPTIONAL';

/** Thrown by this package while it checks definitions, schemas and manifests. */
export class SdkError extends ConnectorError<SdkErrorCode> {}

/** How a failed action should be treated. Anything else a connector throws counts as `failed`. */
export type ActionErrorKind = 'failed' | 'refused' | 'retryable' | 'outcome-unknown';

/**
 * What connector code throws when an action cannot do what was asked.
 * `refused`: the SaaS answered that it did not do it, though with a status that says success (Slack's `ok: false`): nothing was changed.
 * `retryable`: nothing was changed and a later attempt may succeed. `outcome-unknown`: the request left, and whether the
 * SaaS applied it is not known (ServiceNow's 202, a lost reply): the runtime then asks `resolve`, and never resends blindly.
 */
export class ActionError extends ConnectorError {
  readonly kind: ActionErrorKind;

  constructor(code: string, message: string, options: ConnectorErrorOptions & { kind?: ActionErrorKind } = {}) {
    super(code, message, options);
    this.kind = options.kind ?? 'failed';
  }
}
