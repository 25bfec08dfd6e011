import { listReceptions } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

const LARGEST = 5 * 1024 * 1024;

export const webhookBodyTooLarge = defineMeaningRule({
  id: 'webhook-body-too-large',
  severity: 'warning',
  title: 'A delivery has 5 MiB at most',
  why: 'A body is held in memory and hashed before its sender is known: the bound is what strangers can make the platform spend.',
  fix: 'Write the vendor’s documented maximum; 1 MiB is plenty for most (GitHub: 25 MB, which is not reported).',
  example: {
    at: '/triggers/ticket-changed/webhook/maxBodyBytes',
    bad: 20_971_520,
    good: 262_144,
    found: '/triggers/ticket-changed/webhook/maxBodyBytes',
  },
  *check(manifest) {
    for (const [path, { verification, maxBodyBytes }] of listReceptions(manifest)) {
      if (verification.scheme === 'github-sha256' || maxBodyBytes <= LARGEST) continue;
      yield { path: [...path, 'maxBodyBytes'], message: `${maxBodyBytes} bytes are accepted from strangers` };
    }
  },
});
