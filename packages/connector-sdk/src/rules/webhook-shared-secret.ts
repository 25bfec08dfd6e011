import { listReceptions } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const webhookSharedSecret = defineMeaningRule({
  id: 'webhook-shared-secret',
  severity: 'warning',
  title: 'Deliveries are signed',
  why: 'A secret in a header says nothing about the body, and whoever sees one delivery can send any other.',
  fix: 'Use a scheme that signs the body, unless the vendor has none.',
  example: {
    at: '/triggers/ticket-changed/webhook/verification',
    bad: { scheme: 'shared-secret-header', header: 'X-Desk-Secret' },
    good: { scheme: 'standard-webhooks', version: 'v1' },
    found: '/triggers/ticket-changed/webhook/verification/scheme',
  },
  *check(manifest) {
    for (const [path, { verification }] of listReceptions(manifest)) {
      if (verification.scheme !== 'shared-secret-header') continue;
      yield { path: [...path, 'verification', 'scheme'], message: 'deliveries carry a secret instead of a signature' };
    }
  },
});
