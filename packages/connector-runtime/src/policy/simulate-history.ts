import type { Manifest, ManifestAction } from '@org/connector-sdk';
import type { PolicySubject } from './cedar-request.ts';
import type { Compared, ComparedTexts, PolicyChange, PolicyComparison } from './compare-policies.ts';
import { type ChangeCounts, countChanges } from './count-changes.ts';
import type {
  InvocationGroup,
  InvocationPage,
  Invocations,
  InvocationWindow,
  PastInvocation,
} from './postgres-invocations.ts';

export interface SimulatedGroup extends InvocationGroup, Compared {}

export interface ChangedInvocation extends PastInvocation {
  readonly now: Compared['now'];
  readonly proposed: Compared['proposed'];
  readonly change: PolicyChange;
}

export interface SimulatedHistory {
  readonly since: Date;
  readonly invocations: number;
  /** How many were not looked at: too many kinds of them, or nothing enabled has their action any more. */
  readonly unjudged: number;
  /** Invocations whose decision would be another. */
  readonly changes: ChangeCounts;
  /** By action, and there by who did it on what; the most frequent first. */
  readonly groups: readonly SimulatedGroup[];
  /** Newest first. */
  readonly changed: readonly ChangedInvocation[];
  /** Where the next page begins; null after the last. */
  readonly next: { readonly runId: string; readonly stepKey: string } | null;
}

export interface HistoryQuery {
  readonly window: InvocationWindow;
  readonly page: InvocationPage;
  readonly manifests: readonly Manifest[];
  /** By workspace. */
  readonly texts: ReadonlyMap<string, ComparedTexts>;
}

const MAX_GROUPS = 1_000;

/**
 * What the policy of now and the proposed one say to what really ran. Both are asked about the actions as the manifests of
 * now declare them; what was decided then is told beside it.
 */
export async function simulateHistory(
  { window, page, manifests, texts }: HistoryQuery,
  { invocations, compare }: { readonly invocations: Invocations } & PolicyComparison,
): Promise<SimulatedHistory> {
  const total = await invocations.count(window);
  const found = await invocations.groups(window, MAX_GROUPS);
  const groups: SimulatedGroup[] = [];
  for (const [workspaceId, compared] of texts) {
    const here = found.flatMap((group) => {
      const manifest = group.workspaceId === workspaceId ? declaredAction(group, manifests) : undefined;
      return manifest === undefined ? [] : [{ group, subject: { ...group, manifest } satisfies PolicySubject }];
    });
    const results = await compare(
      compared,
      here.map(({ subject }) => subject),
    );
    for (const [at, result] of results.entries())
      groups.push({ ...(here[at] as (typeof here)[number]).group, ...result });
  }
  const changedGroups = groups.filter(({ change }) => change !== 'none');
  const listed = await invocations.list(window, changedGroups, { ...page, limit: page.limit + 1 });
  const changed = listed.slice(0, page.limit);
  const last = listed.length > page.limit ? changed.at(-1) : undefined;
  return {
    since: window.since,
    invocations: total,
    unjudged: total - groups.reduce((sum, group) => sum + group.invocations, 0),
    changes: countChanges(groups),
    groups: groups.toSorted(
      (one, other) => one.action.localeCompare(other.action) || other.invocations - one.invocations,
    ),
    changed: changed.map((invocation) => ({ ...invocation, ...resultOf(invocation, changedGroups) })),
    next: last === undefined ? null : { runId: last.runId, stepKey: last.stepKey },
  };
}

function declaredAction(group: InvocationGroup, manifests: readonly Manifest[]): ManifestAction | undefined {
  const declared = manifests.find(({ id }) => id === group.connector)?.actions ?? {};
  const key = group.action.slice(group.connector.length + 1);
  return Object.hasOwn(declared, key) ? declared[key] : undefined;
}

function resultOf(invocation: PastInvocation, groups: readonly SimulatedGroup[]): Compared {
  const group = groups.find(
    ({ workspaceId, workflow, action, connectionId }) =>
      workspaceId === invocation.workspaceId &&
      workflow === invocation.workflow &&
      action === invocation.action &&
      connectionId === invocation.connectionId,
  ) as SimulatedGroup;
  return { now: group.now, proposed: group.proposed, change: group.change };
}
