import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VerifiedDelivery } from '../types/delivery.ts';
import {
  createSenders,
  endpointOf,
  type Headers,
  rawDelivery,
  refusal,
  SECURITY_HEADERS,
  SENT_AT,
  type Sender,
  sha256,
  verifyCode,
} from './test-webhook-sender.ts';
import { verifyDelivery } from './verify-delivery.ts';

const NOW = SENT_AT * 1000;
const BODY = Buffer.from('{"event_id":"Ev1","n":1}');
const senders = createSenders();
const each = Object.entries(senders);

function sender(name: string): Sender {
  const found = senders[name];
  if (found === undefined) throw new Error(`no sender ${name}`);
  return found;
}

function accept(name: string, headers: Headers, body: Uint8Array = BODY, now = NOW): VerifiedDelivery {
  const { reception, secret } = sender(name);
  return verifyDelivery(rawDelivery(headers, body), endpointOf(reception, [secret]), now);
}

describe.each(each)('%s', (name, { reception, secret, sign }) => {
  it('accepts what its sender signed', () => {
    const delivery = accept(name, sign(BODY));
    expect(delivery.body).toEqual(BODY);
    expect(delivery.contentType).toBe('application/json');
  });

  it('refuses a delivery without any one of its security headers (pitfall 1)', () => {
    for (const header of SECURITY_HEADERS[name] ?? []) {
      const rest = sign(BODY).filter(([known]) => known !== header);
      expect(rest.length).toBe(sign(BODY).length - 1);
      expect(refusal(() => accept(name, rest))).toMatch(/^WEBHOOK_/);
      const empty = sign(BODY).map(([known, value]) => [known, known === header ? '' : value] as const);
      expect(refusal(() => accept(name, empty))).toMatch(/^WEBHOOK_/);
    }
  });

  it('refuses when there is no secret, an empty one or one under 16 bytes (pitfall 2)', () => {
    for (const weak of [[], [''], ['fifteen-bytes-x'], ['whsec_', 'whpk_', 'whsec_AAAA']]) {
      const key = weak.at(-1) ?? '';
      const headers = name === 'sharedSecret' && key === '' ? sign(BODY) : sign(BODY, { secret: key });
      const code = verifyCode(rawDelivery(headers, BODY), endpointOf(reception, weak));
      expect(code).toMatch(/^WEBHOOK_SIGNATURE_(INVALID|MISSING)$/);
    }
  });

  it('refuses security headers that came twice, apart or joined, even the same value (pitfall 4)', () => {
    for (const header of SECURITY_HEADERS[name] ?? []) {
      const headers = sign(BODY);
      const value = headers.find(([known]) => known === header)?.[1] ?? '';
      expect(refusal(() => accept(name, [...headers, [header, value]]))).toBe('WEBHOOK_HEADER_REPEATED');
      const joined = headers.map(([known, own]) => [known, known === header ? `${own}, ${own}` : own] as const);
      expect(refusal(() => accept(name, joined))).toMatch(/_MALFORMED$|_MISSING$/);
    }
  });

  it('verifies bytes that are no text (pitfall 5)', () => {
    const binary = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0x7d]);
    const digestOnly = { ...reception, deliveryId: { digest: 'body' } } as const;
    const decoded = Buffer.from(binary.toString('utf8'));
    const endpoint = endpointOf(digestOnly, [secret]);
    expect(verifyCode(rawDelivery(sign(binary), binary), endpoint)).toBe('ACCEPTED');
    if (name !== 'sharedSecret') {
      expect(verifyCode(rawDelivery(sign(binary), decoded), endpoint)).toBe('WEBHOOK_SIGNATURE_INVALID');
    }
  });

  it('verifies with either of two secrets while they rotate, and no longer with the old one after', () => {
    const other = createSenders()[name]?.secret ?? '';
    const raw = rawDelivery(sign(BODY), BODY);
    expect(verifyCode(raw, endpointOf(reception, [other, secret]))).toBe('ACCEPTED');
    expect(verifyCode(raw, endpointOf(reception, [secret, other]))).toBe('ACCEPTED');
    expect(verifyCode(raw, endpointOf(reception, [other]))).toBe('WEBHOOK_SIGNATURE_INVALID');
  });

  it('refuses every change of one byte of the body and of the proof', () => {
    const headers = sign(BODY);
    if (name !== 'sharedSecret') {
      for (let at = 0; at < BODY.length; at += 1) {
        const changed = Buffer.from(BODY);
        changed[at] = (changed[at] ?? 0) ^ 1;
        expect(refusal(() => accept(name, headers, changed))).toBe('WEBHOOK_SIGNATURE_INVALID');
      }
    }
    const [header = ''] = SECURITY_HEADERS[name] ?? [];
    const value = headers.find(([known]) => known === header)?.[1] ?? '';
    for (let at = 0; at < value.length; at += 1) {
      const character = String.fromCharCode(value.charCodeAt(at) ^ 1);
      const changed = `${value.slice(0, at)}${character}${value.slice(at + 1)}`;
      const forged = headers.map(([known, own]) => [known, known === header ? changed : own] as const);
      expect(refusal(() => accept(name, forged))).toMatch(/^WEBHOOK_SIGNATURE_/);
    }
  });

  it('refuses random headers and bodies with a WEBHOOK code and never with another error (pitfall 3)', {
    timeout: 30_000,
  }, () => {
    const names = [...(SECURITY_HEADERS[name] ?? []), 'content-type', 'content-encoding', 'x-other'];
    const value = fc.oneof(
      fc.string({ maxLength: 100 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        '',
        'zz',
        'v0=',
        'v0=zz',
        'sha256=',
        'sha256=zz',
        'v1,',
        'v1a,',
        'v1,AAAA',
        'h=',
        String(SENT_AT),
      ),
      fc.constantFrom(`sha256=${'0'.repeat(64)}`, `v0=${'f'.repeat(64)}`, `v1,${'A'.repeat(43)}=`),
    );
    const header = fc.tuple(fc.constantFrom(...names), value);
    fc.assert(
      fc.property(fc.array(header, { maxLength: 8 }), fc.uint8Array({ maxLength: 200 }), (headers, body) => {
        expect(verifyCode(rawDelivery(headers, body), endpointOf(reception, [secret]))).toMatch(/^WEBHOOK_/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('time (pitfall 6)', () => {
  const timed = each.filter(([, { sign }]) => sign(BODY).some(([, value]) => value === String(SENT_AT)));

  it.each(timed)('%s: takes 299 and 300 s either way, and refuses 301', (name, { sign }) => {
    for (const [seconds, code] of [
      [299, 'ACCEPTED'],
      [-299, 'ACCEPTED'],
      [300, 'ACCEPTED'],
      [-300, 'ACCEPTED'],
      [301, 'WEBHOOK_STALE'],
      [-301, 'WEBHOOK_STALE'],
      [86_400, 'WEBHOOK_STALE'],
    ] as const) {
      expect(refusal(() => accept(name, sign(BODY), BODY, NOW + seconds * 1000))).toBe(code);
    }
  });

  it.each(timed)('%s: refuses a time that is not ten digits, though signed', (name, { sign }) => {
    for (const timestamp of [
      'NaN',
      '1.7e9',
      '-1763800000',
      `${SENT_AT}x`,
      ` ${SENT_AT}`,
      `${SENT_AT}000`,
      '0x691ff280',
      '',
    ]) {
      expect(refusal(() => accept(name, sign(BODY, { timestamp })))).toBe('WEBHOOK_TIMESTAMP_MALFORMED');
    }
  });

  it('uses the tolerance that the manifest declares', () => {
    const { reception, secret, sign } = sender('slack');
    const strict = { ...reception, verification: { scheme: 'slack-v0', toleranceSeconds: 10 } } as const;
    const endpoint = endpointOf(strict, [secret]);
    expect(verifyCode(rawDelivery(sign(BODY), BODY), endpoint, NOW + 10_000)).toBe('ACCEPTED');
    expect(verifyCode(rawDelivery(sign(BODY), BODY), endpoint, NOW + 11_000)).toBe('WEBHOOK_STALE');
  });
});

describe('delivery id', () => {
  it('keeps the body’s digest beside an id that nothing signs (pitfall 7)', () => {
    const first = accept('github', sender('github').sign(BODY, { id: 'one' }));
    const replay = accept('github', sender('github').sign(BODY, { id: 'two' }));
    expect([first.deliveryKey, replay.deliveryKey]).toEqual(['one', 'two']);
    expect(first.dedupeDigest).toEqual(sha256(BODY));
    expect(replay.dedupeDigest).toEqual(first.dedupeDigest);
    expect(accept('sharedSecret', sender('sharedSecret').sign(BODY)).dedupeDigest).toEqual(sha256(BODY));
  });

  it('keeps none beside an id that is signed or is the digest itself', () => {
    expect(accept('standardV1', sender('standardV1').sign(BODY)).dedupeDigest).toBeNull();
    expect(accept('hmac512', sender('hmac512').sign(BODY)).dedupeDigest).toBeNull();
    const inBody = accept('slack', sender('slack').sign(BODY));
    expect([inBody.deliveryKey, inBody.dedupeDigest]).toEqual(['Ev1', null]);
    const { reception, secret, sign } = sender('github');
    const digest = { ...reception, deliveryId: { digest: 'body' } } as const;
    const delivery = verifyDelivery(rawDelivery(sign(BODY), BODY), endpointOf(digest, [secret]), NOW);
    expect([delivery.deliveryKey, delivery.dedupeDigest]).toEqual([`sha256:${sha256(BODY).toString('hex')}`, null]);
  });

  it('keeps the digest where the signed id is another header than the one that names the delivery', () => {
    const { reception, secret, sign } = sender('hmac512');
    const other = { ...reception, deliveryId: { header: 'X-Other' } } as const;
    const headers: Headers = [...sign(BODY), ['x-other', 'free']];
    const delivery = verifyDelivery(rawDelivery(headers, BODY), endpointOf(other, [secret]), NOW);
    expect(delivery.dedupeDigest).toEqual(sha256(BODY));
  });

  it.each(['{}', '[]', 'no json', '{"event_id":""}', '{"event_id":{}}', '{"event_id":1.5}', '{"event_id":"a\\u0000"}'])(
    'refuses the body %s, which has no id at the pointer',
    (text) => {
      const body = Buffer.from(text);
      expect(refusal(() => accept('slack', sender('slack').sign(body), body))).toBe('WEBHOOK_DELIVERY_ID_MISSING');
    },
  );

  it('does not find an id on a prototype', () => {
    const { reception, secret, sign } = sender('slack');
    const inherited = { ...reception, deliveryId: { pointer: '/constructor/name' } };
    expect(verifyCode(rawDelivery(sign(BODY), BODY), endpointOf(inherited, [secret]))).toBe(
      'WEBHOOK_DELIVERY_ID_MISSING',
    );
  });

  it('refuses a Standard Webhooks id that holds the separator of the signed text', () => {
    const headers = sender('standardV1').sign(BODY, { id: 'msg.1' });
    expect(refusal(() => accept('standardV1', headers))).toBe('WEBHOOK_DELIVERY_ID_MISSING');
  });
});

describe('content (pitfall 14)', () => {
  const types = [
    ['application/json', 'ACCEPTED'],
    ['Application/JSON; charset=UTF-8', 'ACCEPTED'],
    ['application/json;charset="utf-8"', 'ACCEPTED'],
    ['application/json; charset=utf-16', 'WEBHOOK_CONTENT_TYPE'],
    ['application/json, text/plain', 'WEBHOOK_CONTENT_TYPE'],
    ['text/plain', 'WEBHOOK_CONTENT_TYPE'],
    ['application/x-www-form-urlencoded', 'WEBHOOK_CONTENT_TYPE'],
    ['multipart/form-data; boundary=x', 'WEBHOOK_CONTENT_TYPE'],
    ['application/json/x', 'WEBHOOK_CONTENT_TYPE'],
    ['', 'WEBHOOK_CONTENT_TYPE'],
  ] as const;
  const bodies = ['{"event_id":"Ev1"}', 'a=b', 'plain', ''].map((text) => Buffer.from(text));

  it.each(types)('reads %j as the contract says: %s', (value, code) => {
    for (const body of bodies) {
      const headers = sender('github').sign(body);
      const typed = headers.map(([name, own]) => [name, name === 'content-type' ? value : own] as const);
      expect(refusal(() => accept('github', typed, body))).toBe(code);
    }
  });

  it('refuses a missing type, two types, and bytes that are compressed', () => {
    const headers = sender('github').sign(BODY);
    const untyped = headers.filter(([name]) => name !== 'content-type');
    expect(refusal(() => accept('github', untyped))).toBe('WEBHOOK_CONTENT_TYPE');
    expect(refusal(() => accept('github', [...headers, ['content-type', 'application/json']]))).toBe(
      'WEBHOOK_HEADER_REPEATED',
    );
    expect(refusal(() => accept('github', [...headers, ['content-encoding', 'gzip']]))).toBe('WEBHOOK_CONTENT_TYPE');
  });

  it('tells type and size only to the true sender (pitfall 11)', () => {
    const { reception, secret, sign } = sender('github');
    const small = endpointOf({ ...reception, maxBodyBytes: 5 }, [secret]);
    expect(verifyCode(rawDelivery(sign(BODY), BODY), small)).toBe('WEBHOOK_TOO_LARGE');
    expect(verifyCode(rawDelivery(sign(BODY, { secret: 'another secret of 32 characters.' }), BODY), small)).toBe(
      'WEBHOOK_SIGNATURE_INVALID',
    );
    const wrongType: Headers = [
      ['content-type', 'text/plain'],
      ...sign(BODY, { secret: 'another secret of 32 characters.' }).slice(1),
    ];
    expect(refusal(() => accept('github', wrongType))).toBe('WEBHOOK_SIGNATURE_INVALID');
  });

  it('keeps only the headers that the reception declares', () => {
    const headers: Headers = [...sender('github').sign(BODY), ['authorization', 'Bearer x'], ['x-github-event', 'b']];
    expect(accept('sharedSecret', sender('sharedSecret').sign(BODY)).headers).toEqual({});
    expect(refusal(() => accept('github', headers))).toBe('WEBHOOK_HEADER_REPEATED');
    expect(accept('github', sender('github').sign(BODY)).headers).toEqual({ 'x-github-event': 'issues' });
  });
});

describe('handshakes (pitfall 12)', () => {
  const challenge = Buffer.from(
    '{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}',
  );

  it('answers Slack’s challenge only when it is signed', () => {
    const { reception, secret, sign } = sender('slack');
    const endpoint = endpointOf({ ...reception, handshake: { kind: 'slack-url-verification' } }, [secret]);
    const delivery = verifyDelivery(rawDelivery(sign(challenge), challenge), endpoint, NOW);
    expect(delivery.handshake?.body).toBe('3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P');
    expect(delivery.handshake?.contentType).toContain('text/plain');
    const unsigned = sign(challenge).filter(([name]) => name !== 'x-slack-signature');
    expect(verifyCode(rawDelivery(unsigned, challenge), endpoint)).toBe('WEBHOOK_SIGNATURE_MISSING');
    const event = verifyDelivery(rawDelivery(sign(BODY), BODY), endpoint, NOW);
    expect(event.handshake).toBeUndefined();
  });

  it('acknowledges GitHub’s ping and treats no other event as one', () => {
    const ping = sender('github')
      .sign(BODY)
      .map(([name, value]) => [name, name === 'x-github-event' ? 'ping' : value] as const);
    expect(accept('github', ping).handshake).toEqual({ contentType: 'application/json', body: '{}' });
    expect(accept('github', sender('github').sign(BODY)).handshake).toBeUndefined();
  });
});

describe('endpoints', () => {
  it('refuses an unknown and a disabled one, whoever signs (pitfall 11)', () => {
    const { reception, secret, sign } = sender('github');
    const raw = rawDelivery(sign(BODY), BODY);
    expect(verifyCode(raw, undefined)).toBe('WEBHOOK_UNKNOWN_ENDPOINT');
    expect(verifyCode(raw, endpointOf(reception, [secret], { disabled: true }))).toBe('WEBHOOK_DISABLED_ENDPOINT');
  });

  it('does not take one scheme’s signature for another’s', () => {
    for (const [name, { reception, secret }] of each) {
      for (const [other, { sign }] of each.filter(([known]) => known !== name)) {
        const code = verifyCode(rawDelivery(sign(BODY), BODY), endpointOf(reception, [secret]));
        expect(`${name} by ${other}: ${code}`).toMatch(/WEBHOOK_/);
      }
    }
  });

  it('takes a retry of Slack as the delivery it repeats (pitfall 13)', () => {
    const headers: Headers = [...sender('slack').sign(BODY), ['x-slack-retry-num', '1']];
    expect(accept('slack', headers).deliveryKey).toBe('Ev1');
  });

  it('refuses a payload whose time or id has no header to come from', () => {
    const { reception, secret } = sender('github');
    for (const payload of ['{timestamp}.{body}', '{id}.{body}']) {
      const verification = { scheme: 'hmac-sha256', signatureHeader: 'X-Sig', encoding: 'hex', payload } as const;
      const signature = createHmac('sha256', secret).update('.').update(BODY).digest('hex');
      const headers: Headers = [
        ['content-type', 'application/json'],
        ['x-github-delivery', 'd'],
        ['x-sig', signature],
      ];
      expect(verifyCode(rawDelivery(headers, BODY), endpointOf({ ...reception, verification }, [secret]))).toMatch(
        /^WEBHOOK_(TIMESTAMP_MALFORMED|DELIVERY_ID_MISSING)$/,
      );
    }
  });
});

it('takes one spelling of a base64 digest only: spare bits of its last character are not free', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (const name of ['hmac512', 'standardV1']) {
    const [header = ''] = SECURITY_HEADERS[name] ?? [];
    const headers = sender(name).sign(BODY);
    const respelt = headers.map(([known, value]) => {
      const end = value.indexOf('=', value.length - 2);
      const last = alphabet.indexOf(value.charAt(end - 1));
      const other = `${value.slice(0, end - 1)}${alphabet.charAt(last + 1)}${value.slice(end)}`;
      return [known, known === header ? other : value] as const;
    });
    expect(refusal(() => accept(name, headers))).toBe('ACCEPTED');
    expect(refusal(() => accept(name, respelt))).toBe('WEBHOOK_SIGNATURE_MALFORMED');
  }
});

describe('standard-webhooks', () => {
  it('takes the fitting one of several signatures, of its own version only', () => {
    const headers = sender('standardV1').sign(BODY);
    const value = headers.at(-1)?.[1] ?? '';
    const other = `v1,${Buffer.alloc(32, 7).toString('base64')}`;
    const with_ = (signature: string): Headers => [...headers.slice(0, -1), ['webhook-signature', signature]];
    expect(refusal(() => accept('standardV1', with_(`${other} v1a,AAAA ${value}`)))).toBe('ACCEPTED');
    expect(refusal(() => accept('standardV1', with_(other)))).toBe('WEBHOOK_SIGNATURE_INVALID');
    expect(refusal(() => accept('standardV1', with_(value.replace('v1,', 'v1a,'))))).toBe(
      'WEBHOOK_SIGNATURE_MALFORMED',
    );
    const many = Array.from({ length: 11 }, () => value).join(' ');
    expect(refusal(() => accept('standardV1', with_(many)))).toBe('WEBHOOK_SIGNATURE_MALFORMED');
  });

  it('refuses an Ed25519 key of small order, under which one signature fits everything', () => {
    const { reception, sign } = sender('standardV1a');
    const weak = Buffer.alloc(32);
    weak[0] = 1;
    const signature = `v1a,${Buffer.concat([weak, Buffer.alloc(32)]).toString('base64')}`;
    const headers: Headers = [...sign(BODY).slice(0, -1), ['webhook-signature', signature]];
    const endpoint = endpointOf(reception, [`whpk_${weak.toString('base64')}`]);
    expect(verifyCode(rawDelivery(headers, BODY), endpoint)).toBe('WEBHOOK_SIGNATURE_INVALID');
  });
});
