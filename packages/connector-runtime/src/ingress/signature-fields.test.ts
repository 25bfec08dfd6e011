import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSenders, endpointOf, rawDelivery, SENT_AT, verifyCode } from './test-webhook-sender.ts';

const BODY = Buffer.from('{"n":1}');
const { fields: sender } = createSenders();
if (sender === undefined) throw new Error('there is no sender whose signature is in a list');
const { reception, secret } = sender;
const endpoint = endpointOf(reception, [secret]);
const digest = (over: { time?: string; key?: string } = {}) =>
  createHmac('sha256', over.key ?? secret)
    .update(`${over.time ?? SENT_AT}.`)
    .update(BODY)
    .digest('base64url');
const own = digest();
const other = digest({ key: 'another secret of 32 characters.' });

/** What is said to a delivery whose signature's header is this. */
function judge(value: string, now = SENT_AT * 1000): string {
  const headers = [
    ['content-type', 'application/json'],
    ['x-delivery', 'd-1'],
    ['x-desk-signature', value],
  ] as const;
  return verifyCode(rawDelivery(headers, BODY), endpoint, now);
}

describe('a signature in a list of fields', () => {
  it.each([
    ['in any order', `v1=${own},t=${SENT_AT}`],
    ['beside keys that are passed over', `v0=abc,t=${SENT_AT},v1=${own},x-y=1`],
    ['as one of several', `t=${SENT_AT},v1=${other},v1=${own}`],
    ['as the first of several', `t=${SENT_AT},v1=${own},v1=${other}`],
  ])('is accepted %s', (_, value) => {
    expect(judge(value)).toBe('ACCEPTED');
  });

  it.each([
    ['two times', `t=${SENT_AT},t=${SENT_AT},v1=${own}`],
    ['another time behind the signed one', `t=${SENT_AT},v1=${own},t=${SENT_AT + 1}`],
    ['no time', `v1=${own}`],
    ['no signature', `t=${SENT_AT}`],
    ['only another version', `t=${SENT_AT},v0=${own}`],
    ['a blank behind the separator, as joined headers have it (pitfall 4)', `t=${SENT_AT}, v1=${own}`],
    ['another separator', `t=${SENT_AT};v1=${own}`],
    ['a separator too much', `t=${SENT_AT},v1=${own},`],
    ['a field without a value', `t=${SENT_AT},v1=${own},v0=`],
    ['padding', `t=${SENT_AT},v1=${own}=`],
    ['a malformed signature beside the right one', `t=${SENT_AT},v1=${own},v1=zz`],
    ['eleven signatures', `t=${SENT_AT}${`,v1=${own}`.repeat(11)}`],
    ['twenty-one fields', `t=${SENT_AT},v1=${own}${',a=b'.repeat(19)}`],
  ])('is malformed with %s', (_, value) => {
    expect(judge(value)).toBe('WEBHOOK_SIGNATURE_MALFORMED');
  });

  it('has a time of ten digits that is near (pitfall 6)', () => {
    for (const time of ['NaN', '1.7e9', `${SENT_AT}x`, `-${SENT_AT}`, `${SENT_AT}000`]) {
      expect(judge(`t=${time},v1=${digest({ time })}`)).toBe('WEBHOOK_TIMESTAMP_MALFORMED');
    }
    expect(judge(`t=${SENT_AT},v1=${own}`, (SENT_AT + 300) * 1000)).toBe('ACCEPTED');
    expect(judge(`t=${SENT_AT},v1=${own}`, (SENT_AT + 301) * 1000)).toBe('WEBHOOK_STALE');
    expect(judge(`t=${SENT_AT},v1=${own}`, (SENT_AT - 301) * 1000)).toBe('WEBHOOK_STALE');
  });

  it('takes one spelling of a base64url digest: spare bits of its last character are not free', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const respelt = `${own.slice(0, -1)}${alphabet.charAt(alphabet.indexOf(own.slice(-1)) + 1)}`;
    expect(judge(`t=${SENT_AT},v1=${respelt}`)).toBe('WEBHOOK_SIGNATURE_MALFORMED');
  });

  it('is accepted exactly when one of its signatures is right, whatever stands around it', () => {
    const foreign = fc.tuple(fc.stringMatching(/^[a-s_-]{1,10}$/), fc.stringMatching(/^[!-+.-:<-~]{1,30}$/));
    const signature = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString('base64url'));
    fc.assert(
      fc.property(
        fc.array(signature, { maxLength: 9 }),
        fc.array(foreign, { maxLength: 8 }),
        fc.boolean(),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (wrong, ignored, isSigned, order) => {
          const parts = [
            `t=${SENT_AT}`,
            ...wrong.map((value) => `v1=${value}`),
            ...ignored.map(([key, value]) => `${key}=${value}`),
            ...(isSigned ? [`v1=${own}`] : []),
          ];
          const placed = parts.map((part) => [order.next().value, part] as const).sort(([a], [b]) => a - b);
          const code = judge(placed.map(([, part]) => part).join(','));
          const none = wrong.length === 0 ? 'WEBHOOK_SIGNATURE_MALFORMED' : 'WEBHOOK_SIGNATURE_INVALID';
          expect(code).toBe(isSigned ? 'ACCEPTED' : none);
        },
      ),
    );
  });

  it('refuses any text with a WEBHOOK code', () => {
    const piece = fc.constantFrom('t=', 'v1=', ',', ' ', '=', String(SENT_AT), own, other, 'x', '\u0000', 'é');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        if (text === `t=${SENT_AT},v1=${own}`) return;
        expect(judge(text)).toMatch(/^(?:WEBHOOK_|ACCEPTED$)/);
        if (!text.includes(`v1=${own}`)) expect(judge(text)).not.toBe('ACCEPTED');
      }),
    );
  });
});

describe('the place of the fields', () => {
  it.each([';', ' '] as const)('is a list with %j between two, if the connector says so', (separator) => {
    const verification = {
      scheme: 'hmac-sha512',
      signatureHeader: 'X-Desk-Signature',
      fields: { signature: 'sig', separator },
      prefix: 'sha512:',
      encoding: 'hex',
      payload: '{body}',
    } as const;
    const signature = createHmac('sha512', secret).update(BODY).digest('hex');
    const send = (value: string) => {
      const headers = [
        ['content-type', 'application/json'],
        ['x-desk-signature', value],
      ] as const;
      const other = endpointOf({ ...reception, deliveryId: { digest: 'body' }, verification }, [secret]);
      return verifyCode(rawDelivery(headers, BODY), other);
    };
    expect(send(`alg=hmac${separator}sig=sha512:${signature}`)).toBe('ACCEPTED');
    expect(send(`sig=${signature}`)).toBe('WEBHOOK_SIGNATURE_MALFORMED');
    expect(send(`alg=hmac,sig=sha512:${signature}`)).toBe('WEBHOOK_SIGNATURE_MALFORMED');
  });
});
