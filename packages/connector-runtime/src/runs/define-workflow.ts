import type {
  ActionInput,
  ActionName,
  ActionOutput,
  RegisteredActions,
  RegisteredTriggers,
  TriggerEvent,
  TriggerName,
} from '@org/connector-sdk';
import type { Fact } from '../types/approval.ts';
import type { TenantEvent } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Comparable } from '../types/event-match.ts';
import type { LogFields } from '../types/log.ts';

/** The registered names; any string where no connector package is imported for its types. */
export type NamesOf<Registered> = [keyof Registered] extends [never] ? string : keyof Registered & string;
type WorkflowAction = NamesOf<RegisteredActions>;
export type WorkflowTrigger = NamesOf<RegisteredTriggers>;

type InputOf<Name extends string> = Name extends ActionName ? ActionInput<Name> : unknown;
type OutputOf<Name extends string> = Name extends ActionName ? ActionOutput<Name> : unknown;
type EventOf<Name extends string> = Name extends TriggerName ? TriggerEvent<Name> : unknown;

/** An action that a workflow intends; nothing has run. Its input is a copy: what is approved later is what was planned. */
export interface PlannedStep<Name extends string = string> {
  readonly planned: Name;
  readonly input: unknown;
  readonly connection: string | null;
  readonly facts: readonly Fact[];
}

export interface ActionOptions {
  /** Names the step in the run's journal. Default: `<action>#<n>`. Give one where steps may change places between releases. */
  readonly key?: string;
  /** Name of the connection. Default: that of the event, or the only one of the connector in the workspace. */
  readonly connection?: string;
  /** On whose behalf, as the channel names people (`slack:T1/U1`): should policy want a person, it can't be this one. */
  readonly requestedBy?: string;
}

export interface PlanOptions {
  readonly connection?: string;
  /** Shown to the person who decides, before the input's own fields: `{ name: 'Group', value: 'Network → Database' }`. */
  readonly facts?: readonly Fact[];
}

export interface ApprovalQuestion {
  readonly title: string;
  readonly reason: string;
  readonly context?: readonly { readonly name: string; readonly value: string; readonly url?: string }[];
  readonly actions: readonly PlannedStep[];
  /** On whose behalf, as the channel names people (`slack:T1/U1`): they can't approve it themselves. */
  readonly requestedBy?: string;
  /** The approval rule that is asked. Default: the workspace's `default`. A "yes" under another than policy names does not count. */
  readonly rule?: string;
  readonly key?: string;
}

/** A person's "yes". */
export interface Approved {
  readonly decision: 'approved';
  /** As the channel names people: `slack:T1/U1`. */
  readonly actor: string;
  /** Where the run and its audit entries can be seen. */
  readonly auditUrl: string;
}

export type ReceivedEvent<Trigger extends string> = Omit<TenantEvent, 'data'> & { readonly data: EventOf<Trigger> };

type FieldsOf<Event> = Event extends object
  ? { readonly [Field in keyof Event]?: Extract<Event[Field], Comparable> }
  : Readonly<Record<string, Comparable>>;

export interface WaitOptions<Trigger extends string> {
  /** Names the step in the run's journal. Default: `<trigger>#<n>`. */
  readonly key?: string;
  /** Fields at the top of the event that have to be equal. Default: any event of the trigger. */
  readonly match?: FieldsOf<EventOf<Trigger>>;
  /** Rejects with `WAIT_TIMED_OUT` when none came by then. Default: it waits for as long as the run may take. */
  readonly timeoutMs?: number;
  /**
   * `now`: what came before the wait began does not count. `start`: everything since the run's own event does, except
   * what answered another wait of the run: for an event that the run itself brings about. Default `now`.
   */
  readonly since?: 'now' | 'start';
}

/**
 * What a workflow does things with. Everything is journalled: after a crash, a wait or a deploy the function is run again
 * from its beginning and what is in the journal returns at once. So await nothing else than these, and let nothing decide that
 * they did not give (no clock, no random numbers): put it into a `step`.
 */
export interface WorkflowContext<Trigger extends string = string> {
  readonly event: ReceivedEvent<Trigger>;
  /** The version of the workflow that this run started with. */
  readonly version: number;
  /** Rejects with the action's error (`code`, `message`) when it failed or was denied. */
  action<Name extends WorkflowAction>(
    name: Name,
    input: InputOf<Name>,
    options?: ActionOptions,
  ): Promise<OutputOf<Name>>;
  /** Runs what was planned, under the approval that covers it. */
  action<Name extends string>(
    planned: PlannedStep<Name>,
    options?: Pick<ActionOptions, 'key' | 'requestedBy'>,
  ): Promise<OutputOf<Name>>;
  plan<Name extends WorkflowAction>(name: Name, input: InputOf<Name>, options?: PlanOptions): PlannedStep<Name>;
  /** Waits for a person. Rejects with `APPROVAL_DENIED` or `APPROVAL_EXPIRED`. */
  approval(question: ApprovalQuestion): Promise<Approved>;
  /** Journals what `work` gives (JSON). It may run more than once if the process dies before that. */
  step<T>(key: string, work: () => T | Promise<T>): Promise<T>;
  sleep(key: string, ms: number): Promise<void>;
  /** Waits for an event of a trigger in the run's workspace. Each wait gets one event. */
  waitFor<Name extends WorkflowTrigger>(trigger: Name, options?: WaitOptions<Name>): Promise<ReceivedEvent<Name>>;
  /**
   * Where a workflow was changed: true for runs that come here under the new code, false for those that had come further under
   * the old. Decided once per run and id, and journalled. Take it out, with the old path, when no run of before is left.
   */
  patch(id: string): Promise<boolean>;
  /** Also speaks during a replay. */
  log(message: string, fields?: LogFields): void;
}

export interface Workflow<Trigger extends string = string> {
  /** Runs carry it: renaming a workflow strands the ones that wait. */
  readonly name: string;
  /** Full name of a trigger: `servicenow.incident-changed`. */
  readonly on: Trigger;
  /** Raise it with each change. A run is never given to code of a lower version than has worked on it. Default 1. */
  readonly version?: number;
  /** A run that is not over so long after it was created ends as failed, with `RUN_DEADLINE_EXCEEDED`. Default: none. */
  readonly deadlineMs?: number;
  run(context: WorkflowContext<Trigger>): Promise<unknown>;
}

/** A workflow of any trigger. */
export interface AnyWorkflow {
  readonly name: string;
  readonly on: string;
  readonly version?: number;
  readonly deadlineMs?: number;
  run(context: never): Promise<unknown>;
}

export const TRIGGER_NAME = /^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/;

/**
 * A workflow: a plain async function, started once per event of its trigger. Pure.
 *
 * @throws RuntimeError `WORKFLOW_INVALID`
 */
export function defineWorkflow<const Trigger extends WorkflowTrigger>(workflow: Workflow<Trigger>): Workflow<Trigger> {
  if (!/^[a-z][a-z0-9-]{0,60}$/.test(workflow.name)) {
    throw new RuntimeError('WORKFLOW_INVALID', `"${workflow.name}" can't name a workflow: use a-z, 0-9 and -`);
  }
  if (!TRIGGER_NAME.test(workflow.on)) {
    throw new RuntimeError(
      'WORKFLOW_INVALID',
      `workflow ${workflow.name}: "${workflow.on}" is no <connector>.<trigger>`,
    );
  }
  for (const [name, value] of [
    ['version', workflow.version],
    ['deadlineMs', workflow.deadlineMs],
  ] as const) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw new RuntimeError('WORKFLOW_INVALID', `workflow ${workflow.name}: ${name} must be a whole number above 0`);
  }
  return workflow;
}
