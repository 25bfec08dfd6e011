import { ActionError } from '@org/connector-sdk';
import * as z from 'zod';
import { readSlack, type SlackContext } from './slack-api.ts';

const members = z.object({ users: z.array(z.string()) });

/**
 * Whether `slack:<team>/<user>` is in the user group `slack:<team>/<group>` now, as `usergroups.users.list` tells. Somebody of
 * another workspace, who clicked in a shared channel, is in none.
 *
 * @throws ActionError `SLACK_GROUP_INVALID` | `SLACK_*`
 */
export async function isMember(
  ctx: SlackContext,
  { actor, group }: { readonly actor: string; readonly group: string },
): Promise<boolean> {
  const [, team, id] = /^slack:([TE][A-Z0-9]+)\/(S[A-Z0-9]+)$/.exec(group) ?? [];
  if (id === undefined || team !== ctx.config.teamId) {
    throw new ActionError(
      'SLACK_GROUP_INVALID',
      `${group} is no user group of this workspace: write slack:${ctx.config.teamId}/S…`,
    );
  }
  const [, home, user] = /^slack:([TE][A-Z0-9]+)\/([UW][A-Z0-9]+)$/.exec(actor) ?? [];
  if (user === undefined || home !== team) return false;
  const { users } = await readSlack(ctx, 'usergroups.users.list', { usergroup: id }, members);
  return users.includes(user);
}
