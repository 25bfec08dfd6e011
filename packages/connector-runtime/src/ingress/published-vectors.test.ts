import type { ManifestReception } from '@org/connector-sdk';
import { describe, expect, it } from 'vitest';
import { endpointOf, type Headers, rawDelivery, verifyCode } from './test-webhook-sender.ts';

describe('published vectors', () => {
  it('verifies the example of Slack’s documentation', () => {
    const body =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
      '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
      '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    const now = 1_531_420_618_000;
    const reception: ManifestReception = {
      maxBodyBytes: 10_000,
      contentTypes: ['application/x-www-form-urlencoded'],
      verification: { scheme: 'slack-v0' },
      deliveryId: { digest: 'body' },
    };
    const headers: Headers = [
      ['content-type', 'application/x-www-form-urlencoded'],
      ['x-slack-request-timestamp', '1531420618'],
      ['x-slack-signature', 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503'],
    ];
    const endpoint = endpointOf(reception, ['8f742231b10e8888abcd99yyyzzz85a5']);
    expect(verifyCode(rawDelivery(headers, body), endpoint, now)).toBe('ACCEPTED');
    expect(verifyCode(rawDelivery(headers, `${body} `), endpoint, now)).toBe('WEBHOOK_SIGNATURE_INVALID');
  });

  it('verifies the example of GitHub’s documentation', () => {
    const reception: ManifestReception = {
      contentTypes: ['text/plain'],
      maxBodyBytes: 10_000,
      verification: { scheme: 'github-sha256' },
      deliveryId: { header: 'X-GitHub-Delivery' },
    };
    const headers: Headers = [
      ['content-type', 'text/plain'],
      ['x-github-delivery', '72d3162e-cc78-11e3-81ab-4c9367dc0958'],
      ['x-hub-signature-256', 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'],
    ];
    const endpoint = endpointOf(reception, ["It's a Secret to Everybody"]);
    expect(verifyCode(rawDelivery(headers, 'Hello, World!'), endpoint)).toBe('ACCEPTED');
    expect(verifyCode(rawDelivery(headers, 'Hello, World?'), endpoint)).toBe('WEBHOOK_SIGNATURE_INVALID');
  });

  it('verifies the vector of the Standard Webhooks libraries', () => {
    const now = 1_614_265_330_000;
    const reception: ManifestReception = {
      contentTypes: ['text/plain'],
      maxBodyBytes: 10_000,
      verification: { scheme: 'standard-webhooks', version: 'v1' },
      deliveryId: { header: 'webhook-id' },
    };
    const headers: Headers = [
      ['content-type', 'text/plain'],
      ['webhook-id', 'msg_p5jXN8AQM9LWM0D4loKWxJek'],
      ['webhook-timestamp', '1614265330'],
      ['webhook-signature', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
    ];
    const endpoint = endpointOf(reception, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']);
    expect(verifyCode(rawDelivery(headers, '{"test": 2432232314}'), endpoint, now)).toBe('ACCEPTED');
    expect(verifyCode(rawDelivery(headers, '{"test": 2432232315}'), endpoint, now)).toBe('WEBHOOK_SIGNATURE_INVALID');
  });
});
