/** The rule of a workspace that is asked where policy names none. */
export const DEFAULT_RULE = 'default';

/** What a rule may be called: policy names it (`@approval("finance")`), and so does a path of the admin API. */
export const RULE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** Whom to ask before a write that policy does not allow by itself, where, and for how long. */
export interface ApprovalRule {
  readonly connectionId: string;
  readonly connector: string;
  readonly channel: string;
  readonly target: unknown;
  /** Actors as the channel names them (`slack:T1/U1`). Together with no group, empty means nobody. */
  readonly approvers: readonly string[];
  /** Groups as the channel names them. Who is in one is asked at the click. */
  readonly groups?: readonly string[] | undefined;
  /** How many people have to approve; one "no" is enough to deny. Default 1. */
  readonly quorum?: number | undefined;
  /** Names of one person, in each list: they count once, and a requester is known by all of them. */
  readonly samePerson?: readonly (readonly string[])[] | undefined;
  /** Default false. */
  readonly requesterMayApprove?: boolean | undefined;
  readonly expiresInSeconds: number;
  /** While nobody has closed the question: after so long, and again after as long, at most so often. */
  readonly reminders?: { readonly afterSeconds: number; readonly times: number } | undefined;
  /** Asked in addition, where and whom the other rule says, when the question is still open then. */
  readonly escalation?: { readonly afterSeconds: number; readonly rule: string } | undefined;
}

/** How many people have to approve under a rule. */
export function quorumOf({ quorum = 1 }: Pick<ApprovalRule, 'quorum'>): number {
  return quorum;
}
