import type { AnyAction } from './action.ts';
import type { AnyApprovalChannel } from './approval-channel.ts';
import type { AnyAuth } from './auth.ts';
import type { Deprecation } from './deprecation.ts';
import { SdkError } from './errors.ts';
import type { CallContext } from './http.ts';
import type { InferOutput, Schema } from './schema.ts';
import type { AnyTrigger } from './trigger.ts';

/** A right that an administrator grants, in words, with what it is at the provider. */
export interface ScopeDefinition {
  readonly title: string;
  readonly description: string;
  /** The provider's own scopes or roles behind it. */
  readonly provider: readonly string[];
}

/** How the connector is bound to one account of its SaaS. Hosts and URLs may use `{config.x}`. */
export interface ConnectionDefinition<C extends Schema = Schema> {
  readonly config: C;
  readonly auth: Readonly<Record<string, AnyAuth>>;
  /** Hosts (`api.github.com`, `*.slack.com`) or `{config.x}` of a URL; nothing else can be reached. */
  readonly allowedHosts: readonly string[];
  readonly baseUrl: string;
  readonly rateLimit: { readonly requestsPerMinute: number; readonly concurrency: number };
  /** Proves that the connection works, at the least cost. Throws `ActionError` when it does not. */
  test(ctx: CallContext<InferOutput<C>>): Promise<{ readonly account: string }>;
}

export function defineConnection<C extends Schema>(connection: ConnectionDefinition<C>): ConnectionDefinition<C> {
  return connection;
}

/** A connection of any config. */
export interface AnyConnection extends Omit<ConnectionDefinition, 'config' | 'test'> {
  readonly config: Schema;
  test(ctx: never): Promise<{ readonly account: string }>;
}

export interface ConnectorDefinition<
  Id extends string = string,
  Scopes extends Readonly<Record<string, ScopeDefinition>> = Readonly<Record<string, ScopeDefinition>>,
  Actions extends Readonly<Record<string, AnyAction>> = Readonly<Record<string, AnyAction>>,
  Triggers extends Readonly<Record<string, AnyTrigger>> = Readonly<Record<string, AnyTrigger>>,
  Channels extends Readonly<Record<string, AnyApprovalChannel>> = Readonly<Record<string, AnyApprovalChannel>>,
> {
  /** `^[a-z][a-z0-9-]{1,40}$`; the first part of every action's full name. */
  readonly id: Id;
  readonly publisher: string;
  readonly title: string;
  readonly description: string;
  /** The runtimes it was written for, as a range: `>=1.2.0`, `^1.2.0 || ^2.0.0`. Others refuse to enable or load it. */
  readonly engines: { readonly runtime: string };
  /** For the connector as a whole. */
  readonly deprecated?: Deprecation;
  readonly scopes: Scopes;
  readonly connection: AnyConnection;
  readonly actions: Actions;
  readonly triggers: Triggers;
  readonly approvalChannels: Channels;
}

type ScopeOf<Scopes> = keyof Scopes & string;

/** What stands in the place of an action whose `ctx.config` is not what the connection's config gives. */
interface WrittenForAnotherConfig<Config> {
  readonly config: Schema<Config>;
}

/** Each entry itself, where its `method` takes the connection's config. */
type Configured<Entries, Method extends string, Config> = {
  readonly [Key in keyof Entries]: TakesConfig<Entries[Key], Method, Config> extends true
    ? Entries[Key]
    : WrittenForAnotherConfig<Config>;
};

/** The same for triggers, whose polling may take it. */
type ConfiguredTriggers<Entries, Config> = {
  readonly [Key in keyof Entries]: Entries[Key] extends { readonly polling?: infer P }
    ? TakesConfig<NonNullable<P>, 'poll', Config> extends true
      ? Entries[Key]
      : WrittenForAnotherConfig<Config>
    : Entries[Key];
};

type TakesConfig<Entry, Method extends string, Config> = Entry extends {
  readonly [Name in Method]: (ctx: infer Context, ...more: never) => unknown;
}
  ? [Context] extends [never]
    ? true
    : Context extends { readonly config: infer Wanted }
      ? [unknown] extends [Wanted]
        ? true
        : Config extends Wanted
          ? true
          : false
      : true
  : true;

/**
 * A connector: what it can do, what it needs, and where it may go. Keys of `actions`, `triggers` and `approvalChannels`
 * are the only place that names them; a scope that `scopes` does not declare does not compile, nor does code that was written
 * for another connection's config.
 *
 * @throws SdkError `DEFINITION_INVALID` naming what is wrong.
 */
export function defineConnector<
  const Id extends string,
  const Scopes extends Readonly<Record<string, ScopeDefinition>>,
  const Actions extends Readonly<Record<string, AnyAction<NoInfer<ScopeOf<Scopes>>>>>,
  const Triggers extends Readonly<Record<string, AnyTrigger<NoInfer<ScopeOf<Scopes>>>>> = Readonly<
    Record<never, never>
  >,
  const Channels extends Readonly<Record<string, AnyApprovalChannel<NoInfer<ScopeOf<Scopes>>>>> = Readonly<
    Record<never, never>
  >,
  C extends Schema = Schema,
>(
  definition: Omit<
    ConnectorDefinition<Id, Scopes, Actions, Triggers, Channels>,
    'connection' | 'actions' | 'triggers' | 'approvalChannels'
  > & {
    readonly connection: ConnectionDefinition<C>;
    readonly actions: Actions & Configured<Actions, 'run', InferOutput<NoInfer<C>>>;
    readonly triggers?: Triggers & ConfiguredTriggers<Triggers, InferOutput<NoInfer<C>>>;
    readonly approvalChannels?: Channels & Configured<Channels, 'request', InferOutput<NoInfer<C>>>;
  },
): ConnectorDefinition<Id, Scopes, Actions, Triggers, Channels> {
  if (!/^(?!constructor$)[a-z][a-z0-9-]{1,40}$/.test(definition.id)) {
    throw new SdkError(
      'DEFINITION_INVALID',
      `the id "${definition.id}" must be 2 to 41 of a-z, 0-9 and -, starting with a letter`,
    );
  }
  const named = { ...definition.actions, ...definition.triggers, ...definition.approvalChannels };
  for (const key of Object.keys(named)) {
    if (!/^(?!constructor$)[a-z][a-z0-9-]{1,60}$/.test(key)) {
      throw new SdkError('DEFINITION_INVALID', `${definition.id}: "${key}" must be kebab-case, 2 to 61 characters`);
    }
  }
  return {
    ...definition,
    triggers: definition.triggers ?? ({} as Triggers),
    approvalChannels: definition.approvalChannels ?? ({} as Channels),
  };
}
