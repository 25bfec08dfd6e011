import { ActionError, isConnectorError, type PollResult } from '@org/connector-sdk';
import * as z from 'zod';
import type { GitHubContext } from './github-api.ts';
import { formatMoment, moment } from './moment.ts';
import { pageCursor } from './page-cursor.ts';
import { findNow, listWatched, orderOf } from './watched-repositories.ts';

/** Where a repository is read: from this moment on, at this page of the answer. */
const place = z.strictObject({ from: moment, page: pageCursor });
export type Place = z.output<typeof place>;

export interface RepositoryPage<E> {
  readonly events: readonly E[];
  /** Where to go on in this repository; undefined when it is read to its end. */
  readonly next: Place | undefined;
  /** What time it was at GitHub. */
  readonly now: string;
}

/** Between sweeps: `since`, when the last one began. Within one also: when this one began, and where it stands. */
const position = z.strictObject({
  since: moment,
  sweep: z.strictObject({ began: moment, repository: z.string().max(201), place }).optional(),
});
type Position = z.output<typeof position>;

export const POLLING = { intervalSeconds: 300, overlapSeconds: 300 } as const;
/** What one poll reads at most; the runtime comes back at once for more. */
const MAX_PAGES = 10;
const MAX_EVENTS = 300;

/**
 * Reads what changed in each watched repository since the last sweep began, less the overlap. It is the beginning that counts:
 * what changes while a sweep is under way is behind it in some repository. The first poll only finds what time it is.
 */
export async function sweepRepositories<E>(
  ctx: GitHubContext,
  cursor: string | undefined,
  readPage: (repository: string, at: Place) => Promise<RepositoryPage<E>>,
): Promise<PollResult<E>> {
  if (cursor === undefined) return { events: [], cursor: JSON.stringify({ since: await findNow(ctx) }), more: false };
  const { since, sweep } = readPosition(cursor);
  const start: Place = { from: formatMoment(Date.parse(since) - POLLING.overlapSeconds * 1000) };
  const watched = await listWatched(ctx);
  const events: E[] = [];
  let began = sweep?.began;
  let index = sweep === undefined ? 0 : indexFrom(watched, sweep.repository);
  // Where the repository in which the sweep stood is no longer watched, the one after it is read from the beginning.
  let at = sweep !== undefined && watched[index] === sweep.repository ? sweep.place : start;
  for (let pages = 0; pages < MAX_PAGES && events.length < MAX_EVENTS; pages += 1) {
    const repository = watched[index];
    if (repository === undefined) break;
    const page = await readUnlessGone(ctx, repository, () => readPage(repository, at));
    began ??= page?.now;
    if (page !== undefined) events.push(...page.events);
    if (page?.next === undefined) index += 1;
    at = page?.next ?? start;
  }
  const repository = watched[index];
  const next: Position =
    repository === undefined
      ? { since: began ?? since }
      : { since, sweep: { began: began ?? since, repository, place: at } };
  return { events, cursor: JSON.stringify(next), more: repository !== undefined };
}

/** One repository that was renamed away, taken out of the installation or has no issues must not keep the others from being read. */
async function readUnlessGone<T>(
  ctx: GitHubContext,
  repository: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isConnectorError(error) || !GONE.has(Number(error.details.status))) throw error;
    ctx.log.warn('a watched repository cannot be read; it is left out of this poll', { repository, code: error.code });
    return undefined;
  }
}

/** 410: its issues are switched off; 451: it is blocked. */
const GONE: ReadonlySet<number> = new Set([404, 410, 451]);

function indexFrom(watched: readonly string[], repository: string): number {
  const index = watched.findIndex((name) => orderOf(name) >= orderOf(repository));
  return index === -1 ? watched.length : index;
}

function readPosition(cursor: string): Position {
  try {
    return position.parse(JSON.parse(cursor));
  } catch (cause) {
    throw new ActionError('GITHUB_CURSOR_INVALID', 'the polling cursor is not one of this connector: reset it', {
      cause,
    });
  }
}
