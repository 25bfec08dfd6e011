import type { ApprovalDecision, ApprovalProgress, ApprovalRequest, ProposedAction } from '@org/connector-sdk';
import type { ActionsBlock, ContextBlock, HeaderBlock, KnownBlock, SectionBlock } from '@slack/types';
import { inline, limits, link, linkTarget, moment, plain, quoted } from './message-text.ts';

/** What is shown of a list before "and n more": with these a message stays under the 50 blocks that Slack takes. */
const MAX_FACTS = 20;
const MAX_ACTIONS = 10;
const MAX_PEOPLE = 20;

export interface ApprovalMessage {
  /** For notifications and screen readers. */
  readonly text: string;
  readonly blocks: KnownBlock[];
}

/** The question: who wants what and why, what will change, until when, and two buttons. */
export function writeApprovalRequest(approval: ApprovalRequest): ApprovalMessage {
  return writeOpen(approval, []);
}

/** The same message while more people are needed: who has approved, of how many. */
export function writeApprovalProgress({ request, approvedBy, needed }: ApprovalProgress): ApprovalMessage {
  const state = `:ballot_box_with_check: *${approvedBy.length} of ${needed}* approved: ${people(approvedBy)}`;
  return writeOpen({ ...request, needed }, approvedBy.length === 0 ? [] : [section(state)]);
}

/** A line beside the message, for people who have not seen it. */
export function writeApprovalReminder({ request, approvedBy, needed }: ApprovalProgress): ApprovalMessage {
  const so = needed > 1 ? ` *${approvedBy.length} of ${needed}* approved.` : '';
  const line = `:bell: Still waiting: ${inline(request.title, 300)}.${so} Expires ${moment(request.expiresAt)}`;
  return { text: plain(`Still waiting: ${request.title}`, limits.messageText), blocks: [section(line)] };
}

function writeOpen(approval: ApprovalRequest, state: readonly KnownBlock[]): ApprovalMessage {
  const { needed = 1 } = approval;
  const decide: ActionsBlock = {
    type: 'actions',
    block_id: `approval:${approval.approvalId}`.slice(0, 255),
    elements: [
      { type: 'button', action_id: 'approve', style: 'primary', text: words('Approve'), value: approval.approvalId },
      { type: 'button', action_id: 'deny', style: 'danger', text: words('Deny'), value: approval.approvalId },
    ],
  };
  return {
    text: plain(`Approval needed: ${approval.title}`, limits.messageText),
    blocks: [
      ...describe(approval),
      ...state,
      decide,
      footer(approval, ...(needed > 1 ? [`Needs *${needed}* people`] : []), `Expires ${moment(approval.expiresAt)}`),
    ],
  };
}

/** The same message after the decision: no buttons; who decided what, and when. */
export function writeApprovalDecision(decision: ApprovalDecision): ApprovalMessage {
  const { request } = decision;
  const verdict = verdicts[decision.decision];
  const { approvedBy = [] } = decision;
  const all = decision.decision === 'approved' && approvedBy.length > 1 ? people(approvedBy) : mention(decision.actor);
  const by = decision.actor === '' ? '' : ` by ${all}`;
  const outcome = section(`${verdict.sign} *${verdict.word}*${by} ${moment(decision.decidedAt)}`);
  return {
    text: plain(`${verdict.word}: ${request.title}`, limits.messageText),
    blocks: [...describe(request), outcome, footer({ ...request, auditUrl: decision.auditUrl })],
  };
}

const verdicts = {
  approved: { sign: ':white_check_mark:', word: 'Approved' },
  denied: { sign: ':no_entry:', word: 'Denied' },
  expired: { sign: ':hourglass:', word: 'Expired' },
  cancelled: { sign: ':heavy_minus_sign:', word: 'Cancelled' },
} as const satisfies Record<ApprovalDecision['decision'], { sign: string; word: string }>;

function describe(approval: ApprovalRequest): KnownBlock[] {
  const header: HeaderBlock = { type: 'header', text: words(approval.title, limits.headerText) };
  return [
    header,
    section(quoted(approval.reason, limits.sectionText)),
    ...listFacts(approval.context),
    ...approval.actions.slice(0, MAX_ACTIONS).map(describeAction),
    ...more(approval.actions.length - MAX_ACTIONS, 'action'),
  ];
}

/** Facts are lines of one or more sections, each cut on its own so that a long one hides no other. */
function listFacts(facts: ApprovalRequest['context']): KnownBlock[] {
  const lines = facts.slice(0, MAX_FACTS).map(({ name, value, url }) => {
    const shown = url === undefined ? inline(value, 500) : link(url, value, 1000);
    return `*${inline(name, 80)}:* ${shown}`;
  });
  return [...pack(lines).map(section), ...more(facts.length - MAX_FACTS, 'fact')];
}

function describeAction({ action, title, risk, facts }: ProposedAction): SectionBlock {
  const lines = facts.slice(0, MAX_FACTS).map(({ name, value }) => `• ${inline(name, 80)}: ${inline(value, 400)}`);
  const left = facts.length - lines.length;
  const head = `*${inline(title, 150)}* (${inline(action, 130)}), risk: *${inline(risk, 20)}*`;
  const [body = ''] = pack([head, ...lines]);
  const hidden = left + 1 + lines.length - body.split('\n').length;
  return section(hidden > 0 ? `${body}\n_and ${hidden} more: see the audit trail_` : body);
}

function footer(approval: ApprovalRequest, ...extra: string[]): ContextBlock {
  const audit =
    linkTarget(approval.auditUrl) === undefined ? [] : [link(approval.auditUrl, 'Audit trail', limits.contextText)];
  const elements = [`Requested by ${inline(approval.requestedBy, 200)}`, ...extra, ...audit];
  return { type: 'context', elements: elements.map((text) => ({ type: 'mrkdwn', text, verbatim: true })) };
}

/** `slack:T…/U…` as a mention; anything else as text. */
function mention(actor: string): string {
  const user = /^slack:[TE][A-Z0-9]+\/([UW][A-Z0-9]+)$/.exec(actor)?.[1];
  return user === undefined ? inline(actor, 200) : `<@${user}>`;
}

function people(actors: readonly string[]): string {
  const left = actors.length - MAX_PEOPLE;
  return actors.slice(0, MAX_PEOPLE).map(mention).join(', ') + (left > 0 ? ` and ${left} more` : '');
}

/** Lines joined into texts that stay under a section's limit with room for a closing line. */
function pack(lines: readonly string[]): string[] {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + 1 + line.length <= limits.sectionText - 100) {
      texts[texts.length - 1] = `${last}\n${line}`;
    } else texts.push(line);
  }
  return texts;
}

function more(count: number, what: string): KnownBlock[] {
  return count > 0 ? [section(`_and ${count} more ${what}${count === 1 ? '' : 's'}: see the audit trail_`)] : [];
}

function section(text: string): SectionBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: text === '' ? ' ' : text, verbatim: true } };
}

function words(text: string, max: number = 75) {
  return { type: 'plain_text' as const, text: plain(text, max) || '-', emoji: false };
}
