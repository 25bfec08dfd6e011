import type { Manifest, ManifestApprovalChannel, ManifestReception, ManifestTrigger } from '@org/connector-sdk';
import { bytes, duration, entries, entryHead, scopesNeeded } from './entry-words.ts';
import { code } from './markdown.ts';
import { describeSchema } from './schema-table.ts';

export function describeTriggers({ triggers }: Manifest): string[] {
  const all = entries(triggers);
  if (all.length === 0) return [];
  return ['## Triggers', ...all.flatMap(([key, trigger]) => ['', ...describeTrigger(key, trigger)])];
}

function describeTrigger(key: string, trigger: ManifestTrigger): string[] {
  const { scopes, event, webhook, polling } = trigger;
  return [
    ...entryHead('trigger', key, trigger),
    scopesNeeded(scopes),
    ...(polling
      ? [
          `- polls every ${duration(polling.intervalSeconds)}, each time reaching back ${duration(polling.overlapSeconds)} for what turns up late`,
        ]
      : []),
    ...(webhook
      ? [...(polling ? [] : ['- never polls']), '', '**Setting up the webhook**', '', ...describeReception(webhook)]
      : []),
    '',
    '**Event**',
    '',
    ...describeSchema(event, 'No data.'),
  ];
}

export function describeChannels({ approvalChannels }: Manifest): string[] {
  const all = entries(approvalChannels);
  if (all.length === 0) return [];
  return ['## Approval channels', ...all.flatMap(([key, channel]) => ['', ...describeChannel(key, channel)])];
}

function describeChannel(key: string, channel: ManifestApprovalChannel): string[] {
  return [
    ...entryHead('approval channel', key, channel),
    scopesNeeded(channel.scopes),
    ...(channel.groups === undefined
      ? []
      : ['', `Approvers may be named by groups. ${scopesNeeded(channel.groups.scopes)}`]),
    '',
    '**Where to ask**',
    '',
    ...describeSchema(channel.target, 'Nothing is to be given.'),
    '',
    '**Setting up the answers**',
    '',
    ...describeReception(channel.interaction),
  ];
}

function describeReception(reception: ManifestReception): string[] {
  const { verification, contentTypes, deliveryId, handshake, maxBodyBytes, headers = [] } = reception;
  return [
    `- verified by ${describeVerification(verification)}`,
    ...('toleranceSeconds' in verification && verification.toleranceSeconds !== undefined
      ? [`- refused when sent more than ${duration(verification.toleranceSeconds)} ago`]
      : []),
    `- content types: ${contentTypes.map(code).join(', ')}; up to ${bytes(maxBodyBytes)}`,
    `- a delivery is known again by ${describeDeliveryId(deliveryId)}`,
    ...(handshake ? [`- ${describeHandshake(handshake)}`] : []),
    ...(headers.length > 0 ? [`- also reads the headers ${headers.map(code).join(', ')}`] : []),
  ];
}

function describeVerification(verification: ManifestReception['verification']): string {
  switch (verification.scheme) {
    case 'slack-v0':
      return "Slack's signature (`v0`, HMAC-SHA-256 over time and body) with the app's signing secret";
    case 'github-sha256':
      return "GitHub's signature (`X-Hub-Signature-256`, HMAC-SHA-256 over the body) with the webhook's secret";
    case 'standard-webhooks':
      return `Standard Webhooks, ${code(verification.version)}: id, time and body are signed ${verification.version === 'v1' ? 'with a shared secret' : "with the sender's Ed25519 key"}`;
    case 'shared-secret-header':
      return `a secret in the header ${code(verification.header)}; nothing else of a delivery is proven by it`;
    default: {
      const { scheme, signatureHeader, fields, prefix, encoding, payload } = verification;
      const digest = scheme === 'hmac-sha512' ? 'HMAC-SHA-512' : 'HMAC-SHA-256';
      const form = prefix === undefined ? encoding : `${code(prefix)} and ${encoding}`;
      return `${digest} over ${code(payload)} in ${describePlace(signatureHeader, fields)} (${form})${describeTime(verification)}`;
    }
  }
}

type Hashed = Extract<ManifestReception['verification'], { payload: string }>;

function describePlace(header: string, fields: Hashed['fields']): string {
  return fields === undefined
    ? `the header ${code(header)}`
    : `${code(fields.signature)} of the header ${code(header)}`;
}

function describeTime({ signatureHeader, fields, timestampHeader, idHeader }: Hashed): string {
  const inField = fields?.timestamp === undefined ? undefined : `${code(fields.timestamp)} of ${code(signatureHeader)}`;
  const place = timestampHeader === undefined ? inField : code(timestampHeader);
  const time = place === undefined ? '' : `; the time is in ${place}`;
  return idHeader === undefined ? time : `${time}; the id is in ${code(idHeader)}`;
}

function describeDeliveryId(id: ManifestReception['deliveryId']): string {
  if ('header' in id) return `the header ${code(id.header)}`;
  return 'pointer' in id ? `${code(id.pointer)} in its body` : 'the digest of its body';
}

function describeHandshake(handshake: NonNullable<ManifestReception['handshake']>): string {
  if (handshake.kind === 'slack-url-verification') return "Slack's check of the address is answered";
  return `a delivery whose header ${code(handshake.header)} is ${code(handshake.value)} is acknowledged and starts nothing`;
}
