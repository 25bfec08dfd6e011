import { listReceptions } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const webhookIdIgnored = defineMeaningRule({
  id: 'webhook-id-ignored',
  severity: 'warning',
  title: 'A delivery’s own id is used where there is one',
  why: 'By the digest of the body two changes that look alike are one: a ticket closed twice in a day would be seen once.',
  fix: 'Name the header: `X-GitHub-Delivery` for GitHub, `webhook-id` for Standard Webhooks.',
  example: {
    at: '/approvalChannels/desk-approval/interaction/deliveryId',
    bad: { digest: 'body' },
    good: { header: 'webhook-id' },
    found: '/approvalChannels/desk-approval/interaction/deliveryId',
  },
  *check(manifest) {
    for (const [path, { verification, deliveryId }] of listReceptions(manifest)) {
      const hasId = verification.scheme === 'github-sha256' || verification.scheme === 'standard-webhooks';
      const named = 'idHeader' in verification && verification.idHeader !== undefined;
      if (!('digest' in deliveryId) || (!hasId && !named)) continue;
      yield { path: [...path, 'deliveryId'], message: 'the id that each delivery carries is not used' };
    }
  },
});
