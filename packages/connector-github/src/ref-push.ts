import type { Delivery } from '@org/connector-sdk';
import * as z from 'zod';
import { changeKey } from './change-key.ts';
import { readPayload, repository, sender } from './github-webhook.ts';
import { formatMoment, moment } from './moment.ts';

/** A commit; all zeros where there is none, before a branch was made and after it was deleted. */
const commit = z
  .string()
  .regex(/^[0-9a-f]{40,64}$/)
  .transform((sha) => (/^0+$/.test(sha) ? null : sha));

const payload = z.object({
  ref: z.string().max(1024),
  before: commit,
  after: commit,
  forced: z.boolean().nullish(),
  repository: repository.extend({
    default_branch: z.string().nullish(),
    // Seconds since 1970 in this event, a text in all others.
    pushed_at: z.union([z.int(), moment]).nullish(),
  }),
  sender,
});

export const refPush = z.object({
  repository: z.string().describe('owner/name.'),
  repositoryId: z.int().describe("GitHub's id of the repository."),
  ref: z.string().describe('The whole ref, such as refs/heads/main. Text from outside.'),
  kind: z.enum(['branch', 'tag', 'other']).describe('What the ref is.'),
  name: z.string().describe('The branch or the tag without refs/heads/ or refs/tags/. Text from outside.'),
  change: z.enum(['created', 'updated', 'deleted']).describe('What the push did to it.'),
  forced: z.boolean().describe('Commits that it had before may be gone from it.'),
  isDefaultBranch: z.boolean().describe('It is the default branch of the repository.'),
  before: z.string().nullable().describe('The commit before; null when created.'),
  after: z.string().nullable().describe('The commit now; null when deleted.'),
  actor: z.string().nullable().describe('The login of who pushed; null when not known.'),
  pushedAt: z.string().nullable().describe('ISO 8601; null when not told.'),
});
export type RefPush = z.output<typeof refPush>;

/** A ref goes back and forth between the same two commits at a rollback, so the time belongs to it. */
export function refPushKey({ repositoryId, ref, before, after, pushedAt }: RefPush): string {
  return changeKey(repositoryId, [ref, before, after, pushedAt]);
}

/**
 * The push in a `push` delivery; none for those of other events.
 *
 * @throws ActionError `GITHUB_DELIVERY_INVALID` | `DELIVERY_NOT_JSON`
 */
export function parseRefPush(delivery: Delivery): RefPush[] {
  const found = readPayload(delivery, 'push', payload);
  if (found === undefined) return [];
  const { ref, before, after, repository, sender } = found;
  const [, folder, name] = /^refs\/(heads|tags)\/(.+)$/s.exec(ref) ?? [undefined, 'other', ref];
  const kind = folder === 'heads' ? 'branch' : folder === 'tags' ? 'tag' : 'other';
  return [
    {
      repository: repository.full_name,
      repositoryId: repository.id,
      ref,
      kind,
      name: name ?? ref,
      change: after === null ? 'deleted' : before === null ? 'created' : 'updated',
      forced: found.forced ?? false,
      isDefaultBranch: kind === 'branch' && name === repository.default_branch,
      before,
      after,
      actor: sender?.login ?? null,
      pushedAt: readPushedAt(repository.pushed_at),
    },
  ];
}

function readPushedAt(pushedAt: string | number | null | undefined): string | null {
  if (typeof pushedAt !== 'number') return pushedAt ?? null;
  return Math.abs(pushedAt) < 1e11 ? formatMoment(pushedAt * 1000) : null;
}
