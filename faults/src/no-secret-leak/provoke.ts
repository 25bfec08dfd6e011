import type { ToldStory } from '../../../examples/incident-triage/src/story.ts';
import { type AskAdmin, createAskAdmin } from './ask-admin.ts';
import type { Place } from './places.ts';

/** Makes a secret that is found again wherever it turns up. */
export type NewCanary = () => string;

/** Secrets in every place where one can be given wrongly: what is answered must not repeat them. */
export async function* provoke(
  story: Pick<ToldStory, 'runtime' | 'tenantId' | 'emulators'>,
  ask: AskAdmin,
  canary: NewCanary,
): AsyncGenerator<Place> {
  const { runtime, tenantId, emulators } = story;
  const { servicenow, slack, github } = emulators.child.ready;
  const connections = `/tenants/${tenantId}/connections`;
  const { workspaces } = bodyOf(await ask('GET', `/tenants/${tenantId}/workspaces`));
  const [{ id: workspaceId }] = workspaces;
  const forServicenow = { connector: 'servicenow', config: { instanceUrl: servicenow.url }, auth: 'oauth2' };
  const forSlack = { connector: 'slack', config: { apiUrl: slack.apiUrl, teamId: slack.team.id }, auth: 'oauth2' };
  const app = { appId: github.app.appId, installationId: github.app.installationId };
  const forGithub = { connector: 'github', config: { apiUrl: github.url, ...app }, auth: 'app' };
  const key = () => `-----BEGIN PRIVATE KEY-----\n${canary()}\n${canary()}\n-----END PRIVATE KEY-----\n`;
  const attempts: readonly (readonly [string, object])[] = [
    ['a client secret that is refused', { ...forServicenow, secrets: { clientId: 'a', clientSecret: canary() } }],
    [
      'a refresh token that is refused',
      { ...forServicenow, secrets: { clientId: 'a', clientSecret: canary(), refreshToken: canary() } },
    ],
    ['an access token that is refused', { ...forSlack, secrets: { accessToken: canary() } }],
    ['a private key that is none', { ...forGithub, secrets: { privateKey: key() } }],
    ['a field that there is none of', { ...forSlack, secrets: { accessToken: canary(), [canary()]: canary() } }],
    ['a secret of a wrong type', { ...forSlack, secrets: { accessToken: { value: canary() } } }],
    [
      'a secret where the config belongs',
      { ...forSlack, config: { apiUrl: canary() }, secrets: { accessToken: canary() } },
    ],
    ['a secret where a reference belongs', { ...forSlack, secrets: { accessToken: { ref: canary() } } }],
    ['a reference that is not allowed', { ...forSlack, secrets: { accessToken: { ref: 'env:TRIAGE_MASTER_KEY' } } }],
  ];
  for (const [at, [what, body]] of attempts.entries()) {
    const made = await ask('POST', connections, { workspaceId, name: `provoked-${at}-${canary().slice(-8)}`, ...body });
    yield { where: `the answer to ${what}`, text: made };
    const { id } = bodyOf(made);
    if (id === undefined) continue;
    yield { where: `the test of ${what}`, text: await ask('POST', `${connections}/${id}/test`, {}) };
    const action = { connection: id, by: canary() };
    yield { where: `the credential after ${what}`, text: await ask('PUT', `${connections}/${id}/credential`, action) };
    yield {
      where: `the authorization after ${what}`,
      text: await ask('POST', `${connections}/${id}/authorize`, { x: canary() }),
    };
  }
  yield {
    where: 'the answer to broken JSON',
    text: await ask('POST', connections, `{"secrets":{"accessToken":"${canary()}"`),
  };
  const stranger = createAskAdmin(runtime.url, canary());
  yield { where: 'the answer to a wrong admin token', text: await stranger('GET', '/tenants') };
  yield { where: 'the answer to a token in the query', text: await ask('GET', `/tenants?access_token=${canary()}`) };
  yield* provokeHooks(runtime.url, canary);
}

async function* provokeHooks(url: string, canary: NewCanary): AsyncGenerator<Place> {
  const headers = {
    authorization: `Bearer ${canary()}`,
    cookie: `session=${canary()}`,
    'x-hub-signature-256': canary(),
  };
  for (const path of [
    `/hooks/${canary()}`,
    `/hooks/x?token=${canary()}`,
    `/oauth/callback?code=${canary()}&state=${canary()}`,
  ]) {
    for (const method of ['GET', 'POST']) {
      const body = method === 'POST' ? { body: JSON.stringify({ token: canary() }) } : {};
      const response = await fetch(`${url}${path}`, { method, headers, redirect: 'manual', ...body });
      const text = `${[...response.headers].join('\n')}\n${await response.text()}`;
      yield { where: `${method} ${path.split(/[?/]/, 2).join('/')}`, text };
    }
  }
}

/** What an answer holds, after its headers; nothing for a refusal. */
function bodyOf(answer: string): { readonly id?: string; readonly workspaces: readonly [{ readonly id: string }] } {
  return JSON.parse(answer.slice(answer.lastIndexOf('\n') + 1));
}
