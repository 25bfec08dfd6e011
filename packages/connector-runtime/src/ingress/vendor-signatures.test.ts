import { createHmac, randomBytes } from 'node:crypto';
import { sign } from '@octokit/webhooks-methods';
import type { ManifestReception } from '@org/connector-sdk';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { endpointOf, type Headers, rawDelivery, SENT_AT, verifyCode } from './test-webhook-sender.ts';

const BODY = JSON.stringify({ event_id: 'Ev1', action: 'opened', text: 'grüße' });
const JSON_RECEPTION = { contentTypes: ['application/json'], maxBodyBytes: 10_000 };

interface Vendor {
  readonly reception: ManifestReception;
  readonly secret: string;
  /** As the vendor's own code makes them. */
  readonly headers: Headers;
  /** Covered by the signature, or the signature itself. */
  readonly signed: readonly string[];
}

const vendors: Readonly<Record<string, () => Promise<Vendor>>> = {
  async '@octokit/webhooks-methods'() {
    const secret = randomBytes(24).toString('hex');
    return {
      reception: {
        ...JSON_RECEPTION,
        verification: { scheme: 'github-sha256' },
        deliveryId: { header: 'X-GitHub-Delivery' },
      },
      secret,
      headers: [
        ['x-github-delivery', '72d3162e-cc78-11e3-81ab-4c9367dc0958'],
        ['x-hub-signature-256', await sign(secret, BODY)],
      ],
      signed: ['x-hub-signature-256'],
    };
  },

  async standardwebhooks() {
    const secret = `whsec_${randomBytes(24).toString('base64')}`;
    const signature = new Webhook(secret).sign('msg_2', new Date(SENT_AT * 1000), BODY);
    return {
      reception: {
        ...JSON_RECEPTION,
        verification: { scheme: 'standard-webhooks', version: 'v1' },
        deliveryId: { header: 'webhook-id' },
      },
      secret,
      headers: [
        ['webhook-id', 'msg_2'],
        ['webhook-timestamp', String(SENT_AT)],
        ['webhook-signature', signature],
      ],
      signed: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    };
  },

  // Slack publishes no signer, only how to sign: https://docs.slack.dev/authentication/verifying-requests-from-slack
  async slack() {
    const secret = randomBytes(16).toString('hex');
    const signature = createHmac('sha256', secret).update(`v0:${SENT_AT}:${BODY}`).digest('hex');
    return {
      reception: { ...JSON_RECEPTION, verification: { scheme: 'slack-v0' }, deliveryId: { pointer: '/event_id' } },
      secret,
      headers: [
        ['x-slack-request-timestamp', String(SENT_AT)],
        ['x-slack-signature', `v0=${signature}`],
      ],
      signed: ['x-slack-request-timestamp', 'x-slack-signature'],
    };
  },
};

describe.each(Object.entries(vendors))('a delivery signed as %s does', (_, sendAs) => {
  async function judge(change: { body?: Uint8Array; headers?: (headers: Headers) => Headers } = {}) {
    const { reception, secret, headers } = await vendor;
    const sent: Headers = [['content-type', 'application/json'], ...(change.headers?.(headers) ?? headers)];
    return verifyCode(rawDelivery(sent, change.body ?? Buffer.from(BODY)), endpointOf(reception, [secret]));
  }
  const vendor = sendAs();

  it('is accepted', async () => {
    expect(await judge()).toBe('ACCEPTED');
  });

  it('is refused with any one byte of its body altered', async () => {
    const body = Buffer.from(BODY);
    for (let at = 0; at < body.length; at += 1) {
      const altered = Uint8Array.from(body, (byte, index) => (index === at ? byte ^ 1 : byte));
      expect(await judge({ body: altered })).toBe('WEBHOOK_SIGNATURE_INVALID');
    }
    expect(await judge({ body: body.subarray(0, -1) })).toBe('WEBHOOK_SIGNATURE_INVALID');
    expect(await judge({ body: Buffer.concat([body, Buffer.from(' ')]) })).toBe('WEBHOOK_SIGNATURE_INVALID');
  });

  it('is refused with any one character altered of its signature, time and id', async () => {
    const { headers, signed } = await vendor;
    for (const name of signed) {
      const value = headers.find(([known]) => known === name)?.[1] ?? '';
      for (let at = 0; at < value.length; at += 1) {
        const altered = `${value.slice(0, at)}${String.fromCharCode(value.charCodeAt(at) ^ 1)}${value.slice(at + 1)}`;
        const code = await judge({
          headers: (all) => all.map(([known, own]) => [known, known === name ? altered : own] as const),
        });
        expect(code).toMatch(/^WEBHOOK_(?:SIGNATURE_(?:INVALID|MALFORMED)|TIMESTAMP_MALFORMED|DELIVERY_ID_MISSING)$/);
      }
    }
  });
});
