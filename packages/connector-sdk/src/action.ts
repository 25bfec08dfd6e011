import type { Deprecation } from './deprecation.ts';
import { SdkError } from './errors.ts';
import type { CallContext } from './http.ts';
import type { InferInput, InferOutput, Schema } from './schema.ts';

export type Effect = 'read' | 'write';
export type Risk = 'low' | 'medium' | 'high' | 'critical';

/**
 * How often a write may be sent.
 * `safe`: a read. `natural`: the same request twice leaves the same state. `key`: the SaaS takes `ctx.idempotencyKey`.
 * `marker`: `ctx.idempotencyKey` is left in what is written, and `resolve` looks for it. `none`: never sent twice.
 */
export type IdempotencyMode = 'safe' | 'natural' | 'key' | 'marker' | 'none';

export interface ActionContext<Input = unknown, Config = unknown> extends CallContext<Config> {
  readonly input: Input;
  /** Stable over all attempts of one step. 26 characters of `[0-9a-z]`. */
  readonly idempotencyKey: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** What `resolve` found out about an earlier attempt whose outcome is unknown. */
export type Resolution<Output> =
  | { readonly outcome: 'applied'; readonly output: Output }
  | { readonly outcome: 'not-applied' }
  | { readonly outcome: 'unknown'; readonly reason: string };

/** A finished write, as its reversal sees it. */
export interface Done<Input, Output> {
  readonly input: Input;
  readonly output: Output;
}

/** The input that reverses a finished write: of the same action, or of another one (see {@link reverseWith}). */
export type Reversal<Input, Output> = ((done: Done<Input, Output>) => Input) | ReversalWith<Done<Input, Output>>;

export interface ReversalWith<D> {
  readonly action: AnyAction;
  input(done: D): unknown;
}

/** `undo` restores what was there; `compensation` makes good what cannot be taken back. */
export type Reversible<Input, Output> =
  | { readonly undo: Reversal<Input, Output>; readonly compensation?: never }
  | { readonly compensation: Reversal<Input, Output>; readonly undo?: never };

interface ActionBase<I extends Schema, O extends Schema, Config, Scope extends string> {
  readonly title: string;
  readonly description: string;
  readonly risk: Risk;
  readonly scopes: readonly Scope[];
  readonly input: I;
  readonly output: O;
  /** The connection's own: types `ctx.config`. */
  readonly config?: Schema<Config>;
  /** The whole call, all its requests included. Default 30,000. */
  readonly timeoutMs?: number;
  readonly deprecated?: Deprecation;
  run(ctx: ActionContext<InferOutput<I>, Config>): Promise<InferInput<O>>;
}

export interface ReadAction<
  I extends Schema = Schema,
  O extends Schema = Schema,
  Config = never,
  Scope extends string = string,
> extends ActionBase<I, O, Config, Scope> {
  readonly effect: 'read';
  readonly idempotency?: { readonly mode: 'safe' };
  readonly reversible?: never;
  readonly resolve?: never;
}

interface WriteBase<I extends Schema, O extends Schema, Config, Scope extends string>
  extends ActionBase<I, O, Config, Scope> {
  readonly effect: 'write';
  readonly reversible?: Reversible<InferOutput<I>, InferOutput<O>>;
}

type Resolve<I extends Schema, O extends Schema, Config> = (
  ctx: ActionContext<InferOutput<I>, Config>,
) => Promise<Resolution<InferInput<O>>>;

/** A write. `marker` demands `resolve`; the other modes may give one. `settleSeconds`: how long absence proves nothing. */
export type WriteAction<
  I extends Schema = Schema,
  O extends Schema = Schema,
  Config = never,
  Scope extends string = string,
> =
  | (WriteBase<I, O, Config, Scope> & {
      readonly idempotency: { readonly mode: 'natural' | 'key' | 'none'; readonly settleSeconds?: number };
      readonly resolve?: Resolve<I, O, Config>;
    })
  | (WriteBase<I, O, Config, Scope> & {
      readonly idempotency: { readonly mode: 'marker'; readonly settleSeconds: number };
      readonly resolve: Resolve<I, O, Config>;
    });

export type Action<
  I extends Schema = Schema,
  O extends Schema = Schema,
  Config = never,
  Scope extends string = string,
> = ReadAction<I, O, Config, Scope> | WriteAction<I, O, Config, Scope>;

/** An action of any input, output and config: what registries, manifests and hosts work with. */
export interface AnyAction<Scope extends string = string> {
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  readonly risk: Risk;
  readonly scopes: readonly Scope[];
  readonly input: Schema;
  readonly output: Schema;
  readonly idempotency?: { readonly mode: IdempotencyMode; readonly settleSeconds?: number };
  readonly reversible?: {
    readonly undo?: ((done: never) => unknown) | ReversalWith<never>;
    readonly compensation?: ((done: never) => unknown) | ReversalWith<never>;
  };
  readonly timeoutMs?: number;
  readonly deprecated?: Deprecation;
  run(ctx: never): Promise<unknown>;
  resolve?(ctx: never): Promise<Resolution<unknown>>;
}

/** An action: data, and the function that does it. Pure: nothing happens until the runtime calls `run`. */
export function defineAction<I extends Schema, O extends Schema, Config, const Scope extends string>(
  action: ReadAction<I, O, Config, Scope>,
): ReadAction<I, O, Config, Scope>;
export function defineAction<I extends Schema, O extends Schema, Config, const Scope extends string>(
  action: WriteAction<I, O, Config, Scope>,
): WriteAction<I, O, Config, Scope>;
export function defineAction(action: AnyAction): AnyAction {
  if (action.timeoutMs !== undefined && !(action.timeoutMs > 0)) {
    throw new SdkError('DEFINITION_INVALID', `the action "${action.title}" has a timeoutMs that is not above zero`);
  }
  return action;
}

/**
 * Reverses a write by another action of the same connector; what `input` gives is checked against that action's input, and
 * what it reads of `done` against the write's own: `reverseWith(cancelOrder, (done: { output: { id: string } }) => ({ id: done.output.id }))`.
 */
export function reverseWith<D, I extends Schema>(
  action: { readonly input: I } & AnyAction,
  input: (done: D) => InferInput<I>,
): ReversalWith<D> {
  return { action, input };
}
