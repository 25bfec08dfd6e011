import type { AnyAction } from './action.ts';
import type { ConnectorDefinition } from './connector.ts';
import type { InferInput, InferOutput } from './schema.ts';
import type { AnyTrigger } from './trigger.ts';

/**
 * Filled by connector packages, so that workflows are typed by what they import:
 *
 * ```ts
 * declare module '@org/connector-sdk/registry' {
 *   interface ConnectorRegistry { servicenow: typeof servicenow }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: augmented by connector packages.
export interface ConnectorRegistry {}

type Named<Kind extends 'actions' | 'triggers'> = {
  [Id in keyof ConnectorRegistry & string]: ConnectorRegistry[Id] extends Pick<ConnectorDefinition, Kind>
    ? { [Key in keyof ConnectorRegistry[Id][Kind] & string as `${Id}.${Key}`]: ConnectorRegistry[Id][Kind][Key] }
    : never;
}[keyof ConnectorRegistry & string];

type Merged<Union> = (Union extends unknown ? (member: Union) => void : never) extends (member: infer All) => void
  ? All
  : never;

/** Every registered action by its full name: `servicenow.get-incident`. */
export type RegisteredActions = Merged<Named<'actions'>>;
/** Every registered trigger by its full name: `servicenow.incident-changed`. */
export type RegisteredTriggers = Merged<Named<'triggers'>>;

export type ActionName = keyof RegisteredActions & string;
export type TriggerName = keyof RegisteredTriggers & string;

/** What a caller passes to the named action. */
export type ActionInput<Name extends ActionName> = RegisteredActions[Name] extends AnyAction
  ? InferInput<RegisteredActions[Name]['input']>
  : never;
/** What the named action gives back. */
export type ActionOutput<Name extends ActionName> = RegisteredActions[Name] extends AnyAction
  ? InferOutput<RegisteredActions[Name]['output']>
  : never;
/** The data of the named trigger's events. */
export type TriggerEvent<Name extends TriggerName> = RegisteredTriggers[Name] extends AnyTrigger
  ? InferOutput<RegisteredTriggers[Name]['event']>
  : never;
