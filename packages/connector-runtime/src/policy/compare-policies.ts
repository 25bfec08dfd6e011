import type { Decision } from '../types/run.ts';
import type { PolicySubject } from './cedar-request.ts';
import { decideWith, type PreparedPolicy, preparePolicy } from './decide-with.ts';
import type { PolicyTexts } from './policy-texts.ts';

/** What policy says to a subject, before and after people agree. */
export interface PolicyWord {
  readonly effect: Decision['effect'];
  /** What it says once people agreed, under `rule`. */
  readonly whenApproved: Decision['effect'];
  readonly policyIds: readonly string[];
  /** The approval rule that is asked; null: the workspace's own, or nobody. */
  readonly rule: string | null;
}

/**
 * `loosened`: less stands in the way (a denial, a person). `tightened`: more does. `rerouted`: other people are asked; which of
 * them are stricter nobody can tell.
 */
export type PolicyChange = 'none' | 'loosened' | 'tightened' | 'rerouted';

export interface Compared {
  readonly now: PolicyWord;
  readonly proposed: PolicyWord;
  readonly change: PolicyChange;
}

export interface ComparedTexts {
  readonly now: PolicyTexts;
  readonly proposed: PolicyTexts;
}

export interface PolicyComparison {
  /** In the order of the subjects, by the very code that enforces. Nothing runs. */
  compare(texts: ComparedTexts, subjects: readonly PolicySubject[]): Promise<readonly Compared[]>;
}

/** Subjects between which others get their turn: a simulation must not hold up deliveries. */
const AT_ONCE = 20;
const STRICTNESS = { allow: 0, 'require-approval': 1, deny: 2 } as const;

/** Compares one text with another. One comparison at a time: Cedar's cache has one place for it. */
export function createPolicyComparison(): PolicyComparison {
  let last: Promise<unknown> = Promise.resolve();
  return {
    compare(texts, subjects) {
      const turn = last.then(() => compareAll(texts, subjects));
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

async function compareAll(texts: ComparedTexts, subjects: readonly PolicySubject[]): Promise<readonly Compared[]> {
  // Broken ones deny everything, here as when they are enforced.
  const now = preparePolicy('simulation:now', texts.now, () => undefined);
  const proposed = preparePolicy('simulation:proposed', texts.proposed, () => undefined);
  const compared: Compared[] = [];
  for (const [index, subject] of subjects.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
    const word = wordOf(now, subject);
    // Without a text that is proposed there is nothing to ask twice.
    const other = texts.proposed === texts.now ? word : wordOf(proposed, subject);
    compared.push({ now: word, proposed: other, change: changeOf(word, other) });
  }
  return compared;
}

export function wordOf(policy: PreparedPolicy | undefined, subject: PolicySubject): PolicyWord {
  const decision = decideWith(policy, subject, { approved: false });
  const rule = (decision.effect === 'require-approval' && decision.rule) || undefined;
  const approved = decideWith(policy, subject, { approved: true, ...(rule === undefined ? {} : { rule }) });
  const { effect, policyIds } = decision;
  return { effect, whenApproved: approved.effect, policyIds, rule: rule ?? null };
}

export function changeOf(now: PolicyWord, proposed: PolicyWord): PolicyChange {
  const difference = STRICTNESS[proposed.effect] - STRICTNESS[now.effect];
  if (difference !== 0) return difference < 0 ? 'loosened' : 'tightened';
  return now.rule === proposed.rule ? 'none' : 'rerouted';
}
