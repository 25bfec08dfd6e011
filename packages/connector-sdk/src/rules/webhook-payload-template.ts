import type { ManifestReception } from '../manifest.ts';
import { listReceptions } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const webhookPayloadTemplate = defineMeaningRule({
  id: 'webhook-payload-template',
  severity: 'error',
  title: 'What is signed can be put together',
  why: 'A part whose header is not named can not be filled in, so no delivery would ever verify; a header that is named and not signed can be forged.',
  fix: 'Use `{timestamp}` with `timestampHeader` or `fields.timestamp`, `{id}` with `idHeader`, and `{body}` once.',
  example: {
    at: '/triggers/ticket-changed/webhook/verification',
    bad: { scheme: 'hmac-sha256', signatureHeader: 'X-Desk-Signature', encoding: 'hex', payload: '{timestamp}.{body}' },
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
      const reason = whatIsWrong(verification);
      if (reason) yield { path: [...path, 'verification', 'payload'], message: reason };
    }
  },
});

function whatIsWrong(verification: ManifestReception['verification']): string | undefined {
  if (verification.scheme !== 'hmac-sha256' && verification.scheme !== 'hmac-sha512') return undefined;
  const { payload, timestampHeader, idHeader, fields } = verification;
  const parts: string[] = payload.match(/\{[^{}]*\}/g) ?? [];
  const unknown = parts.find((part) => part !== '{timestamp}' && part !== '{id}' && part !== '{body}');
  if (unknown !== undefined) return `${unknown} is no part that can be filled in`;
  if (parts.filter((part) => part === '{body}').length > 1) return '{body} stands there twice';
  if (timestampHeader !== undefined && fields?.timestamp !== undefined) {
    return 'the time is in a header and in a field: it has one place';
  }
  if (fields !== undefined && fields.timestamp === fields.signature) {
    return 'the time and the signature have the same field';
  }
  const hasTime = timestampHeader !== undefined || fields?.timestamp !== undefined;
  if (parts.includes('{timestamp}') !== hasTime) {
    return hasTime ? 'the timestamp is not signed' : '{timestamp} has no timestampHeader';
  }
  if (parts.includes('{id}') !== (idHeader !== undefined)) {
    return idHeader === undefined ? '{id} has no idHeader' : 'the id is not signed';
  }
  return undefined;
}
