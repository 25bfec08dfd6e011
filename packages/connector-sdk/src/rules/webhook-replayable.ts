import { listReceptions } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const webhookReplayable = defineMeaningRule({
  id: 'webhook-replayable',
  severity: 'warning',
  title: 'The time of a delivery is signed',
  why: 'Without a signed time a recorded delivery stays valid for ever; only the memory of its id and body holds it off.',
  fix: 'Sign `{timestamp}.{body}`, if the vendor sends a time.',
  example: {
    at: '/triggers/ticket-changed/webhook/verification',
    bad: { scheme: 'hmac-sha256', signatureHeader: 'X-Desk-Signature', encoding: 'hex', payload: '{body}' },
    good: {
      scheme: 'hmac-sha256',
      signatureHeader: 'X-Desk-Signature',
      encoding: 'hex',
      payload: '{timestamp}.{body}',
      timestampHeader: 'X-Desk-Timestamp',
    },
    found: '/triggers/ticket-changed/webhook/verification/payload',
  },
  *check(manifest) {
    for (const [path, { verification }] of listReceptions(manifest)) {
      if (verification.scheme !== 'hmac-sha256' && verification.scheme !== 'hmac-sha512') continue;
      // A time that is named and not signed is worse; `webhook-payload-template` says so.
      const { payload, timestampHeader, fields } = verification;
      if (payload.includes('{timestamp}') || timestampHeader || fields?.timestamp) continue;
      yield { path: [...path, 'verification', 'payload'], message: 'no time is signed' };
    }
  },
});
