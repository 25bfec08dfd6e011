import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { type ClickOf, createClicks, type SignedClick, sendClick } from './clicks.ts';
import type { Case } from './judge.ts';
import { type Asked, PEOPLE, type Scene, until } from './scene.ts';

/** One way to get a decision that should not be; what should come of it, and what was answered wrongly at once. */
export interface Attack {
  readonly name: string;
  run(scene: Scene): Promise<{ readonly expected: Case; readonly violations?: readonly string[] }>;
}

/** Slack shows its users an error after that. */
const SLACK_PATIENCE_MS = 3_000;
const LOCKED_MS = 5_000;
const FORGERIES = ['unsigned', 'wrong-secret', 'stale', 'from-the-future', 'modified-body'] as const;

/** Dana alone may approve, but for what a rule says in addition. */
async function askDana(scene: Scene, name: string, rule: Readonly<Record<string, unknown>> = {}) {
  await scene.setRule({ approvers: [scene.actorOf('dana')], ...rule });
  const asked = await scene.ask(`key-${name.replaceAll(' ', '-')}`);
  const clicks = await createClicks(scene.slack, asked.ts);
  const click = (who: Partial<ClickOf> & { user?: string } = {}) =>
    clicks.sign({ approvalId: asked.approvalId, actionId: 'approve', user: scene.slack.users.dana ?? '', ...who });
  const send = (signed: SignedClick, at = 0) => {
    const hooks = scene.hooksOf(scene.tenant);
    return sendClick(hooks[at % hooks.length] ?? '', signed);
  };
  const outcome = (expected: Case['expected'], changes: Partial<Case> = {}) => ({
    expected: { ...asked, name, expected, allowed: [scene.actorOf('dana')], quorum: 1, ...changes },
  });
  return { asked, click, send, outcome };
}

const notAllowed = { allowed: [], refusal: 'APPROVAL_ACTOR_NOT_ALLOWED' };

/** Clicks that are taken, and must decide nothing. */
function refused(
  name: string,
  { rule, who }: { rule?: (scene: Scene) => object; who: (scene: Scene) => Partial<ClickOf> },
): Attack {
  return {
    name,
    async run(scene) {
      const { click, send, outcome } = await askDana(scene, name, { ...rule?.(scene) });
      for (const actionId of ['approve', 'deny'] as const) await send(click({ actionId, ...who(scene) }));
      return outcome('requested', notAllowed);
    },
  };
}

export const attacks: readonly Attack[] = [
  {
    name: 'an honest click',
    async run(scene) {
      const { click, send, outcome } = await askDana(scene, this.name);
      await send(click());
      return outcome('approved');
    },
  },
  {
    name: 'forged clicks',
    async run(scene) {
      const { asked, outcome } = await askDana(scene, this.name);
      const violations: string[] = [];
      for (const forgery of FORGERIES) {
        const [url = ''] = scene.hooksOf(scene.tenant);
        const forged = { channel: 'incidents', ts: asked.ts, actionId: 'approve', user: 'dana', url, forgery };
        const { status } = await scene.slack.forgeClick(forged);
        if (status < 400) violations.push(`a click forged as ${forgery} was answered ${status}`);
      }
      return { ...outcome('requested', { allowed: [] }), violations };
    },
  },
  refused('a guest', { who: ({ slack }) => ({ user: slack.users.guest ?? '' }) }),
  refused('the same user id of another workspace', { who: () => ({ team: 'T0OTHER' }) }),
  refused('the requester', {
    rule: ({ actorOf }) => ({ samePerson: [['workflow:write-asked', actorOf('dana')]] }),
    who: () => ({}),
  }),
  refused('an empty list', { rule: () => ({ approvers: [] }), who: () => ({}) }),
  {
    name: 'somebody who was removed',
    async run(scene) {
      const { click, send, outcome } = await askDana(scene, this.name);
      await scene.setRule({ approvers: [scene.actorOf('anna')] });
      await send(click());
      return outcome('requested', notAllowed);
    },
  },
  {
    name: 'somebody who left the group',
    async run(scene) {
      const { slack } = scene;
      slack.userGroups.S0OPS = [slack.users.dana ?? '', slack.users.anna ?? ''];
      const rule = { approvers: [], groups: [`slack:${slack.team.id}/S0OPS`] };
      const { click, send, outcome } = await askDana(scene, this.name, rule);
      slack.userGroups.S0OPS = [slack.users.anna ?? ''];
      await send(click());
      await scene.settled();
      await send(click({ user: slack.users.anna ?? '' }));
      return outcome('approved', { ...notAllowed, allowed: [scene.actorOf('anna')] });
    },
  },
  {
    name: 'an expired question',
    async run(scene) {
      const { asked, click, send, outcome } = await askDana(scene, this.name, { expiresInSeconds: 3 });
      const signed = click();
      await until(async () => ((await statusOf(scene, asked)) === 'expired' ? true : undefined), 'it did not expire');
      await send(signed);
      return outcome('expired', { allowed: [], refusal: 'APPROVAL_EXPIRED' });
    },
  },
  {
    name: 'the approval of another tenant',
    async run(scene) {
      const { click, outcome } = await askDana(scene, this.name);
      for (const url of scene.hooksOf(scene.other)) await sendClick(url, click());
      return outcome('requested', { allowed: [], refusal: 'APPROVAL_UNKNOWN' });
    },
  },
  {
    name: 'a replayed click',
    async run(scene) {
      const { click, send, outcome } = await askDana(scene, this.name);
      const signed = click();
      await Promise.all(Array.from({ length: 10 }, (_, at) => send(signed, at)));
      await scene.settled();
      await send(signed);
      return outcome('approved');
    },
  },
  {
    name: 'an input that was changed after display',
    async run(scene) {
      const { asked, click, send, outcome } = await askDana(scene, this.name);
      await changeEvent(scene, asked);
      await send(click());
      const status = await until(async () => {
        const now = await statusOf(scene, asked);
        return now === 'requested' ? undefined : now;
      }, 'the click was not worked on');
      await pause(1_000);
      const writes = scene.cluster.saas.keysOf(scene.tenant.account, 'key-mutated').size;
      const violations = writes === 0 ? [] : ['what was changed after it was shown was written'];
      // The "yes" stands, for what was shown, which no run does any more.
      if (status !== 'approved') violations.push(`the click made it ${status}`);
      return { ...outcome('approved'), expected: { ...outcome('approved').expected, writes: 0 }, violations };
    },
  },
  {
    name: 'reads and link previews',
    async run(scene) {
      const { asked, click, outcome } = await askDana(scene, this.name);
      const { cluster, tenant } = scene;
      const [hook = ''] = scene.hooksOf(tenant);
      const { body, headers } = click();
      const decide = `${cluster.serving()[0]?.node.url}/admin/v1/tenants/${tenant.id}/approvals/${asked.approvalId}/decide`;
      const violations: string[] = [];
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        for (const [url, more] of [
          [`${hook}?${body}`, headers],
          [`${decide}?decision=approved`, { authorization: `Bearer ${cluster.adminToken}` }],
        ] as const) {
          const { ok } = await fetch(url, { method, headers: more });
          if (ok && method !== 'OPTIONS') violations.push(`${method} of ${new URL(url).pathname} was taken`);
        }
      }
      return { ...outcome('requested', { allowed: [] }), violations };
    },
  },
  {
    name: 'a database that is slow about it',
    async run(scene) {
      const { asked, click, send, outcome } = await askDana(scene, this.name);
      let answered = { status: 0, ms: 0 };
      await scene.cluster.database
        .db()
        .transaction()
        .execute(async (trx) => {
          await sql`select id from connector.approvals where id = ${asked.approvalId} for update`.execute(trx);
          const released = pause(LOCKED_MS);
          answered = await send(click());
          await released;
        });
      const isInTime = answered.status === 200 && answered.ms < SLACK_PATIENCE_MS;
      const violations = isInTime
        ? []
        : [`the click was answered ${answered.status} after ${answered.ms.toFixed(0)} ms`];
      return { ...outcome('approved'), violations };
    },
  },
  {
    name: 'a click after every node was replaced',
    async run(scene) {
      const { click, send, outcome } = await askDana(scene, this.name);
      const places = scene.cluster.serving().map(({ place }) => place);
      await Promise.all(places.map((place) => scene.cluster.replace(place)));
      await send(click());
      await scene.settled();
      await send(click({ actionId: 'deny' }), 1);
      return outcome('approved');
    },
  },
];

/** So many clicks at once, by five people on all nodes: yes only, or yes and no. */
export async function clickTogether(
  scene: Scene,
  { name, clicks: count, quorum, denies }: { name: string; clicks: number; quorum: number; denies: boolean },
): Promise<Case> {
  const allowed = PEOPLE.map(scene.actorOf);
  const asked = await scene.ask(`key-${name}`);
  const clicks = await createClicks(scene.slack, asked.ts);
  const hooks = scene.hooksOf(scene.tenant);
  await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const user = scene.slack.users[PEOPLE[at % PEOPLE.length] ?? ''] ?? '';
      const actionId = denies && Math.floor(at / PEOPLE.length) % 2 === 1 ? 'deny' : 'approve';
      await sendClick(hooks[at % hooks.length] ?? '', clicks.sign({ approvalId: asked.approvalId, actionId, user }));
    }),
  );
  return { ...asked, name, expected: denies ? 'closed' : 'approved', allowed, quorum };
}

/** As the database's owner: the runtime's own role may not. */
async function changeEvent({ cluster }: Scene, { ticket }: Asked): Promise<void> {
  const owner = new pg.Client({ connectionString: cluster.database.url });
  await owner.connect();
  try {
    await owner.query("select set_config('connector.tenant', '*', false)");
    await owner.query(
      'update connector.events set data = \'{"ticket":"key-mutated"}\' where data ->> \'ticket\' = $1',
      [ticket],
    );
  } finally {
    await owner.end();
  }
}

async function statusOf({ cluster }: Scene, { approvalId }: Asked): Promise<string | undefined> {
  const row = await cluster.database
    .db()
    .selectFrom('connector.approvals')
    .select('status')
    .where('id', '=', approvalId)
    .executeTakeFirst();
  return row?.status;
}
