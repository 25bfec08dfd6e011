import { listReceptions } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const webhookHeaderSecret = defineMeaningRule({
  id: 'webhook-header-secret',
  severity: 'error',
  title: 'No header with a secret is kept for connector code',
  why: 'Kept headers are stored with the delivery and handed to `parse`; a signature or token there could be replayed by whoever reads it.',
  fix: 'Remove it: verification has been done before `parse` runs.',
  example: {
    at: '/triggers/ticket-changed/webhook/headers',
    bad: ['x-desk-event', 'authorization'],
    good: ['x-desk-event'],
    found: '/triggers/ticket-changed/webhook/headers/1',
  },
  *check(manifest) {
    for (const [path, { headers, verification }] of listReceptions(manifest)) {
      const signature = 'signatureHeader' in verification ? verification.signatureHeader.toLowerCase() : undefined;
      const shared = 'header' in verification ? verification.header.toLowerCase() : undefined;
      for (const [index, header] of headers?.entries() ?? []) {
        if (!SECRET.test(header) && header !== signature && header !== shared) continue;
        yield { path: [...path, 'headers', index], message: `"${header}" carries a secret` };
      }
    }
  },
});

const SECRET =
  /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x-(?:.{1,40}-)?(?:api-key|token|secret|signature(?:-256)?)|webhook-signature)$/;
