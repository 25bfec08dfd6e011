import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Manifest, parseManifest } from '../index.ts';
import { type ChangeKind, changeKinds, diffManifests } from './index.ts';
import { type Edit, editManifest, readSample } from './test-edits.ts';

const SAMPLE = readSample();

function kindsOf(before: Manifest, after: Manifest): string[] {
  return diffManifests(before, after).map(({ kind, path }) => `${kind} ${path}`);
}

/** The sample with each value at a JSON pointer replaced, or removed by `undefined`. */
const edited = (edits: Edit) => editManifest(SAMPLE, edits);

const hmac = {
  scheme: 'hmac-sha256',
  signatureHeader: 'X-Sig',
  encoding: 'hex',
  payload: '{timestamp}.{body}',
  timestampHeader: 'X-Time',
};
const close = structuredClone(SAMPLE.actions['close-ticket']) ?? {};
const changedTicket = SAMPLE.triggers['ticket-changed'];

describe('diffManifests', () => {
  it.each<[string, Edit, Edit, (ChangeKind | `${ChangeKind} ${string}`)[]]>([
    ['another id', {}, { '/id': 'other' }, ['id-changed /id']],
    ['another publisher', {}, { '/publisher': 'evil' }, ['publisher-changed /publisher']],
    ['another version', {}, { '/version': '2.0.0' }, ['version-changed /version']],
    ['other words', {}, { '/title': 'T', '/actions/close-ticket/description': 'D' }, ['text-changed', 'text-changed']],
    ['a narrower engine', {}, { '/engines/runtime': '>=0.2.0' }, ['engine-narrowed /engines/runtime']],
    ['a wider engine', {}, { '/engines/runtime': '>=0.0.5' }, ['engine-widened /engines/runtime']],

    [
      'a new scope',
      {},
      { '/scopes/ticket.admin': SAMPLE.scopes['ticket.write'] },
      ['scope-added /scopes/ticket.admin'],
    ],
    ['a scope less', {}, { '/scopes/ticket.read': undefined }, ['scope-removed /scopes/ticket.read']],
    [
      "a scope's provider widened",
      {},
      { '/scopes/ticket.read/provider': ['r', 'w'] },
      ['scope-provider-widened /scopes/ticket.read/provider/1'],
    ],
    ["a scope's provider narrowed", {}, { '/scopes/ticket.read/provider': [] }, ['scope-provider-narrowed']],
    [
      'a scope that an action needs as well',
      {},
      { '/actions/close-ticket/scopes': ['ticket.write', 'ticket.read'] },
      ['scope-required /actions/close-ticket/scopes/1'],
    ],
    ['a scope that an action needs no longer', {}, { '/actions/close-ticket/scopes': [] }, ['scope-not-required']],
    [
      'scopes in another order',
      { '/actions/close-ticket/scopes': ['ticket.write', 'ticket.read'] },
      { '/actions/close-ticket/scopes': ['ticket.read', 'ticket.write'] },
      ['order-changed'],
    ],

    [
      'a new host',
      {},
      { '/connection/allowedHosts': ['desk.example', 'x.example'] },
      ['host-added /connection/allowedHosts/1'],
    ],
    ['a host less', { '/connection/allowedHosts': ['desk.example', 'x.example'] }, {}, ['host-removed']],
    [
      'a wildcard in place of a host',
      {},
      { '/connection/allowedHosts': ['*.example'] },
      ['host-widened', 'host-redundant'],
    ],
    [
      'a host in place of its wildcard',
      { '/connection/allowedHosts': ['*.desk.example'] },
      { '/connection/allowedHosts': ['a.desk.example'] },
      ['host-redundant', 'host-removed'],
    ],
    [
      'a host that only looks like one below the wildcard',
      { '/connection/allowedHosts': ['*.desk.example'] },
      { '/connection/allowedHosts': ['*.desk.example', 'evildesk.example'] },
      ['host-added'],
    ],
    ['another port', {}, { '/connection/allowedHosts': ['desk.example', 'desk.example:8443'] }, ['host-added']],
    ['another base URL', {}, { '/connection/baseUrl': 'https://x.example' }, ['base-url-changed']],
    [
      'more calls',
      {},
      { '/connection/rateLimit/requestsPerMinute': 61, '/connection/rateLimit/concurrency': 1 },
      ['rate-limit-raised', 'rate-limit-lowered'],
    ],
    [
      'config that hosts are made from',
      { '/connection/allowedHosts': ['{config.site}'] },
      { '/connection/allowedHosts': ['{config.site}'], '/connection/config/properties/site/pattern': '.*' },
      ['input-changed', 'host-template-widened /connection/config/properties/site'],
    ],
    [
      'config that nothing is made from',
      {},
      { '/connection/config/properties/site/pattern': undefined },
      ['input-widened'],
    ],

    [
      'a new kind of auth',
      {},
      { '/connection/auth/basic': { kind: 'basic', title: 'B' } },
      ['auth-added /connection/auth/basic'],
    ],
    ['a kind of auth less', {}, { '/connection/auth/app': undefined }, ['auth-removed']],
    ['auth of another kind', {}, { '/connection/auth/app': { kind: 'basic', title: 'B' } }, ['auth-kind-changed']],
    [
      'a new token host',
      {},
      { '/connection/auth/oauth/tokenUrl': 'https://x.example/token' },
      ['auth-url-changed /connection/auth/oauth/tokenUrl'],
    ],
    ['no revocation', {}, { '/connection/auth/oauth/revocationUrl': undefined }, ['revocation-lost']],
    ['a new grant', {}, { '/connection/auth/oauth/grants': ['client_credentials', 'refresh_token'] }, ['grant-added']],
    [
      'a grant less',
      { '/connection/auth/oauth/grants': ['client_credentials', 'refresh_token'] },
      {},
      ['grant-removed'],
    ],
    ['no scopes in a grant', {}, { '/connection/auth/oauth/scopeStyle': 'none' }, ['scope-style-changed']],
    ['another issuer', {}, { '/connection/auth/oauth/issuer': 'https://x.example' }, ['auth-url-changed']],
    [
      'client authentication that was the default',
      {},
      { '/connection/auth/oauth/clientAuthentication': 'basic' },
      ['schema-respelled'],
    ],
    [
      'the client secret in the body',
      {},
      { '/connection/auth/oauth/clientAuthentication': 'post' },
      ['client-authentication-changed'],
    ],
    [
      'code with the secret that reaches more',
      {},
      { '/connection/auth/app/hosts': ['login.desk.example', 'x.example'] },
      ['auth-host-added'],
    ],
    ['another header of the key', {}, { '/connection/auth/token/header': 'x-key' }, ['auth-header-changed']],

    ['a new read', {}, { '/actions/get-it': { ...close, effect: 'read' } }, ['read-action-added /actions/get-it']],
    ['a new write', {}, { '/actions/do-it': close }, ['write-action-added /actions/do-it']],
    ['an action less', {}, { '/actions/close-ticket': undefined }, ['action-removed-without-deprecation']],
    [
      'a deprecated action less',
      { '/actions/close-ticket/deprecated': { since: '1.3.0' } },
      { '/actions/close-ticket': undefined },
      ['action-removed'],
    ],
    [
      'a deprecated trigger',
      {},
      { '/triggers/ticket-changed/deprecated': { since: '1.5.0', use: 'x' } },
      ['deprecated'],
    ],
    ['a deprecated connector', {}, { '/deprecated': { since: '1.5.0' } }, ['deprecated /deprecated']],
    ['deprecation', {}, { '/actions/close-ticket/deprecated': { since: '1.5.0' } }, ['deprecated']],
    ['a read that writes', { '/actions/close-ticket/effect': 'read' }, {}, ['effect-raised']],
    ['a write that reads', {}, { '/actions/close-ticket/effect': 'read' }, ['effect-lowered']],
    ['a higher risk', {}, { '/actions/close-ticket/risk': 'high' }, ['risk-raised']],
    ['a lower risk', { '/actions/close-ticket/risk': 'critical' }, {}, ['risk-lowered']],
    ['weaker idempotency', {}, { '/actions/close-ticket/idempotency/mode': 'none' }, ['idempotency-weakened']],
    ['stronger idempotency', {}, { '/actions/close-ticket/idempotency/mode': 'key' }, ['idempotency-strengthened']],
    [
      'no way to look for a write',
      {},
      { '/actions/close-ticket/idempotency/resolve': false },
      ['idempotency-weakened'],
    ],
    ['absence believed sooner', {}, { '/actions/close-ticket/idempotency/settleSeconds': 1 }, ['settle-shortened']],
    ['undo lost', {}, { '/actions/close-ticket/reversible': null }, ['undo-lost']],
    ['undo become compensation', {}, { '/actions/close-ticket/reversible/by': 'compensation' }, ['undo-weakened']],
    [
      'another undo',
      { '/actions/open-ticket': close },
      { '/actions/open-ticket': close, '/actions/close-ticket/reversible/action': 'open-ticket' },
      ['undo-action-changed'],
    ],
    ['a shorter timeout', {}, { '/actions/close-ticket/timeoutMs': 10 }, ['timeout-shortened']],

    ['a new trigger', {}, { '/triggers/ticket-closed': changedTicket }, ['trigger-added']],
    ['a trigger less', {}, { '/triggers/ticket-changed': undefined }, ['trigger-removed-without-deprecation']],
    ['a webhook less', {}, { '/triggers/ticket-changed/webhook': undefined }, ['webhook-removed']],
    ['no polling', {}, { '/triggers/ticket-changed/polling': undefined }, ['polling-removed']],
    [
      'polls that overlap less',
      {},
      { '/triggers/ticket-changed/polling/overlapSeconds': 0 },
      ['poll-overlap-shortened'],
    ],
    [
      'a longer tolerance',
      {},
      { '/triggers/ticket-changed/webhook/verification/toleranceSeconds': 900 },
      ['tolerance-lengthened'],
    ],
    [
      'the default tolerance, spelled out',
      {},
      { '/triggers/ticket-changed/webhook/verification/toleranceSeconds': 300 },
      ['schema-respelled'],
    ],
    [
      'a shorter tolerance',
      {},
      { '/triggers/ticket-changed/webhook/verification/toleranceSeconds': 60 },
      ['tolerance-shortened'],
    ],
    [
      'a secret in a header',
      {},
      { '/triggers/ticket-changed/webhook/verification': { scheme: 'shared-secret-header', header: 'X' } },
      ['verification-weakened'],
    ],
    [
      'a time that is not signed',
      { '/triggers/ticket-changed/webhook/verification': hmac },
      { '/triggers/ticket-changed/webhook/verification': { ...hmac, payload: '{body}' } },
      ['verification-weakened'],
    ],
    [
      'another encoding of the signature',
      { '/triggers/ticket-changed/webhook/verification': hmac },
      { '/triggers/ticket-changed/webhook/verification': { ...hmac, encoding: 'base64' } },
      ['verification-changed'],
    ],
    [
      'a signature in a field of its header',
      { '/triggers/ticket-changed/webhook/verification': hmac },
      { '/triggers/ticket-changed/webhook/verification': { ...hmac, fields: { signature: 'v1' } } },
      ['verification-changed'],
    ],
    ['a larger body', {}, { '/triggers/ticket-changed/webhook/maxBodyBytes': 2_000_000 }, ['body-limit-raised']],
    [
      'another delivery id',
      {},
      { '/triggers/ticket-changed/webhook/deliveryId': { digest: 'body' } },
      ['delivery-id-changed'],
    ],
    [
      'one more content type',
      {},
      { '/triggers/ticket-changed/webhook/contentTypes': ['application/json', 'text/plain'] },
      ['content-type-added'],
    ],
    ['one more header', {}, { '/triggers/ticket-changed/webhook/headers': ['x-event'] }, ['header-added']],
    [
      'a handshake',
      {},
      { '/triggers/ticket-changed/webhook/handshake': { kind: 'slack-url-verification' } },
      ['handshake-added'],
    ],
    ['a channel less', {}, { '/approvalChannels/desk-chat': undefined }, ['channel-removed-without-deprecation']],

    [
      'a narrower input',
      {},
      { '/actions/close-ticket/input/properties/note/maxLength': 10 },
      ['input-narrowed /actions/close-ticket/input/properties/note/maxLength'],
    ],
    ['a wider input', {}, { '/actions/close-ticket/input/properties/note/maxLength': 10_000 }, ['input-widened']],
    [
      'a wider output',
      {},
      { '/actions/close-ticket/output/properties/text/type': ['string', 'null'] },
      ['output-widened'],
    ],
    [
      'a new property of an output',
      {},
      { '/actions/close-ticket/output/properties/by': { type: 'string' } },
      ['output-property-added'],
    ],
    [
      'an event with a property less',
      {},
      { '/triggers/ticket-changed/event/properties/id': undefined, '/triggers/ticket-changed/event/required': [] },
      ['output-property-removed'],
    ],
    [
      'a member that no release has yet',
      {},
      { '/actions/close-ticket/quota': 3 },
      ['unclassified /actions/close-ticket/quota'],
    ],
    [
      'a member that every object inherits',
      {},
      { '/connection/constructor': 3 },
      ['unclassified /connection/constructor'],
    ],
  ])('classes %s', (_, before, after, kinds) => {
    const found = kindsOf(edited(before), edited(after));
    expect(found).toHaveLength(kinds.length);
    for (const [index, kind] of kinds.entries()) expect(found[index]).toMatch(new RegExp(`^${kind}(?: |$)`));
  });

  it('puts what matters for security first, then by class', () => {
    const after = edited({
      '/title': 'T',
      '/connection/allowedHosts': ['desk.example', 'x.example'],
      '/actions/close-ticket/timeoutMs': 1,
      '/actions/close-ticket/risk': 'critical',
      '/actions/close-ticket/input/properties/note/maxLength': 10_000,
    });
    const order = diffManifests(SAMPLE, after).map((change) => [change.security, change.class]);
    expect(order).toEqual([
      [true, 'breaking'],
      [true, 'feature'],
      [false, 'breaking'],
      [false, 'feature'],
      [false, 'fix'],
    ]);
  });

  it('names what a removed action may have become, only when there is one candidate', () => {
    const renamed = edited({ '/actions/close-ticket': undefined, '/actions/shut-ticket': { ...close, title: 'Shut' } });
    const twice = edited({
      '/actions/close-ticket': undefined,
      '/actions/shut-ticket': close,
      '/actions/end-ticket': close,
    });
    const removal = (after: Manifest) =>
      diffManifests(SAMPLE, after).find(({ path }) => path === '/actions/close-ticket');
    expect(removal(renamed)?.message).toContain('"shut-ticket"');
    expect(removal(twice)?.message).not.toContain('-ticket"');
  });

  it('shows what was and what is', () => {
    const [change] = diffManifests(SAMPLE, edited({ '/actions/close-ticket/risk': 'high' }));
    expect(change).toEqual({
      kind: 'risk-raised',
      ...changeKinds['risk-raised'],
      path: '/actions/close-ticket/risk',
      before: 'low',
      after: 'high',
      message: 'action close-ticket: its risk was "low", is "high"',
    });
  });

  it('finds the same changes in the manifests of this repository on every run', () => {
    for (const id of ['servicenow', 'slack', 'github']) {
      const manifest = parseManifest(readFileSync(new URL(`../../../../manifests/${id}.json`, import.meta.url)));
      expect(diffManifests(manifest, structuredClone(manifest))).toEqual([]);
      expect(diffManifests(SAMPLE, manifest)).toEqual(
        diffManifests(structuredClone(SAMPLE), structuredClone(manifest)),
      );
    }
  });
});
