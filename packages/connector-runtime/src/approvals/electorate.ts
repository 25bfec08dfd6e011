import { ActionError, isConnectorError } from '@org/connector-sdk';
import { type ApprovalRule, quorumOf } from '../types/approval-rule.ts';
import { isTransient } from '../types/transient.ts';
import { type Approval, placesOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { createPeople, type People } from './people.ts';

/** A rule that a question is asked under, as it is now. */
export interface AskedRule {
  readonly name: string;
  /** The stricter of now and of when it was asked. */
  readonly needed: number;
  readonly rule: ApprovalRule;
}

/** Who may decide on a question now. */
export interface Electorate extends Pick<People, 'personOf'> {
  readonly rules: readonly AskedRule[];
  /** The names of the rules under which somebody's word counts; none: it does not. Rejects while a group can't be asked for. */
  rulesFor(actor: string): Promise<readonly string[]>;
  /** Whether a group could not be read: who is in no list may or may not have been in it. */
  readonly isUnreadable: boolean;
}

/** By the rules as they are now, not as they were when it was asked: who was removed meanwhile is nobody. */
export async function readElectorate(approval: Approval, ports: ApprovalPorts): Promise<Electorate> {
  const found = await Promise.all(
    placesOf(approval).map(async ({ rule: name, needed }) => {
      const rule = await ports.rules(approval.workspaceId, name);
      // No rule any more is nobody.
      return rule === undefined ? [] : [{ name, rule, needed: Math.max(needed, quorumOf(rule)) }];
    }),
  );
  const rules = found.flat();
  const people = createPeople(rules.flatMap(({ rule }) => rule.samePerson ?? []));
  const groups = createGroups(approval, ports);
  return {
    rules,
    personOf: people.personOf,
    async rulesFor(actor) {
      const names = people.namesOf(actor);
      const counting = await Promise.all(
        rules.map(async ({ name, rule }) => {
          const allowed = await allowsVoter(rule, names, approval.request.requestedBy, groups.isMember);
          return allowed ? [name] : [];
        }),
      );
      return counting.flat();
    },
    get isUnreadable() {
      return groups.isUnreadable;
    },
  };
}

/** An empty list is nobody. The requester is nobody, by any of their names, unless the rule says otherwise. */
async function allowsVoter(
  rule: ApprovalRule,
  names: readonly string[],
  requestedBy: string,
  isMember: (rule: ApprovalRule, group: string, actor: string) => Promise<boolean>,
): Promise<boolean> {
  if (names.includes(requestedBy) && rule.requesterMayApprove !== true) return false;
  if (names.some((name) => rule.approvers.includes(name))) return true;
  for (const group of rule.groups ?? []) {
    for (const name of names) if (await isMember(rule, group, name)) return true;
  }
  return false;
}

/** Asks the channel, once for each group and name of a click. What can't be asked is no member. */
function createGroups({ tenantId }: Approval, { calls, log }: ApprovalPorts) {
  const asked = new Map<string, Promise<boolean>>();
  let isUnreadable = false;

  async function ask({ connectionId, connector, channel }: ApprovalRule, group: string, actor: string) {
    try {
      return await calls.isGroupMember({ tenantId, connectionId, connector, channel }, { group, actor });
    } catch (error) {
      // It passes by itself: the click is tried again, rather than refused.
      if (isPassing(error)) throw error;
      isUnreadable = true;
      log.warn('a group of approvers could not be read', { connectionId, channel, group, error });
      return false;
    }
  }

  return {
    get isUnreadable() {
      return isUnreadable;
    },
    isMember(rule: ApprovalRule, group: string, actor: string): Promise<boolean> {
      const key = JSON.stringify([rule.connectionId, rule.channel, group, actor]);
      const answer = asked.get(key) ?? ask(rule, group, actor);
      asked.set(key, answer);
      return answer;
    },
  };
}

function isPassing(error: unknown): boolean {
  if (error instanceof ActionError) return error.kind === 'retryable' || error.kind === 'outcome-unknown';
  return !isConnectorError(error) || isTransient(error.code);
}
