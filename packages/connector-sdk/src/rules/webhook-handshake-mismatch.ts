import type { ManifestReception } from '../manifest.ts';
import { listReceptions } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const webhookHandshakeMismatch = defineMeaningRule({
  id: 'webhook-handshake-mismatch',
  severity: 'error',
  title: 'A handshake belongs to its vendor’s deliveries',
  why: 'The handshake is answered after verification: under another scheme, or a media type that is refused, it never is.',
  fix: 'Use `slack-url-verification` with the scheme `slack-v0` and `application/json`.',
  example: {
    at: '/triggers/ticket-changed/webhook/handshake',
    bad: { kind: 'slack-url-verification' },
    good: { kind: 'header-value', header: 'X-Desk-Event', value: 'ping' },
    found: '/triggers/ticket-changed/webhook/handshake',
  },
  *check(manifest) {
    for (const [path, reception] of listReceptions(manifest)) {
      const reason = whatIsWrong(reception);
      if (reason) yield { path: [...path, 'handshake'], message: reason };
    }
  },
});

function whatIsWrong({ handshake, verification, contentTypes }: ManifestReception): string | undefined {
  if (handshake?.kind !== 'slack-url-verification') return undefined;
  if (verification.scheme !== 'slack-v0') return `the scheme is ${verification.scheme}`;
  return contentTypes.includes('application/json') ? undefined : 'Slack asks in application/json, which is refused';
}
