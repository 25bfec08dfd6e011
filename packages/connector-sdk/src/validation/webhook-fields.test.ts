import { expect, it } from 'vitest';
import type { Json } from './rule.ts';
import { changed } from './test-manifest.ts';
import { validateManifest } from './validate-manifest.ts';

const list = {
  scheme: 'hmac-sha256',
  signatureHeader: 'X-Desk-Signature',
  fields: { signature: 'v1', timestamp: 't' },
  encoding: 'base64url',
  payload: '{timestamp}.{body}',
} as const;

const AT = '/triggers/ticket-changed/webhook/verification';
const found = (verification: Json) =>
  validateManifest(Buffer.from(JSON.stringify(changed(AT, verification))))
    .map(({ ruleId }) => ruleId)
    .filter((ruleId) => ruleId.startsWith('webhook-') || ruleId === 'manifest-schema');

it.each<[string, Json, string[]]>([
  ['a signature and its time in one header', list, []],
  ['a time that is not signed', { ...list, payload: '{body}' }, ['webhook-payload-template']],
  ['a time in two places', { ...list, timestampHeader: 'X-Time' }, ['webhook-payload-template']],
  ['a time that has no place', { ...list, fields: { signature: 'v1' } }, ['webhook-payload-template']],
  ['one field for both', { ...list, fields: { signature: 't', timestamp: 't' } }, ['webhook-payload-template']],
  ['no time at all', { ...list, fields: { signature: 'v1' }, payload: '{body}' }, ['webhook-replayable']],
  ['a field that is no key', { ...list, fields: { signature: 'v1=' } }, ['manifest-schema']],
  ['another separator', { ...list, fields: { signature: 'v1', timestamp: 't', separator: '|' } }, ['manifest-schema']],
])('judges %s', (_, verification, rules) => {
  expect(found(verification)).toEqual(rules);
});
