import { readFileSync } from 'node:fs';
import type { ManifestReception } from '@org/connector-sdk';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { endpointOf, type Headers, rawDelivery, verifyCode } from './test-webhook-sender.ts';

/** One published signature, or an altered copy of one. What fixtures/README.md says of the format. */
const vectorFile = z.array(
  z.strictObject({
    name: z.string(),
    source: z.string(),
    scheme: z.enum(['slack-v0', 'github-sha256', 'standard-webhooks']),
    secret: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string(),
    valid: z.boolean(),
  }),
);
type Vector = z.infer<typeof vectorFile>[number];

/** What an endpoint of the scheme needs beside the vector; the vectors publish no content type, GitHub's no delivery id. */
interface Setting {
  readonly contentType: string;
  readonly extraHeaders?: Headers;
  readonly timestampHeader?: string;
  readonly reception: Pick<ManifestReception, 'verification' | 'deliveryId'>;
}

const settings: Readonly<Record<Vector['scheme'], Setting>> = {
  'slack-v0': {
    contentType: 'application/x-www-form-urlencoded',
    timestampHeader: 'x-slack-request-timestamp',
    reception: { verification: { scheme: 'slack-v0' }, deliveryId: { digest: 'body' } },
  },
  'github-sha256': {
    contentType: 'text/plain',
    extraHeaders: [['x-github-delivery', '72d3162e-cc78-11e3-81ab-4c9367dc0958']],
    reception: { verification: { scheme: 'github-sha256' }, deliveryId: { header: 'X-GitHub-Delivery' } },
  },
  'standard-webhooks': {
    contentType: 'text/plain',
    timestampHeader: 'webhook-timestamp',
    reception: { verification: { scheme: 'standard-webhooks', version: 'v1' }, deliveryId: { header: 'webhook-id' } },
  },
};

const vectors = ['slack', 'github', 'standard-webhooks'].flatMap((name) => {
  const file = new URL(`../../../../fixtures/webhooks/${name}.json`, import.meta.url);
  return vectorFile.parse(JSON.parse(readFileSync(file, 'utf8')));
});
const published = vectors.filter(({ valid }) => valid);

/** Received the moment it was signed. */
function verify(vector: Vector, over: { body?: Uint8Array; secret?: string; headers?: Headers } = {}): string {
  const { contentType, extraHeaders = [], timestampHeader, reception } = settings[vector.scheme];
  const signed = over.headers ?? Object.entries(vector.headers);
  const headers: Headers = [['content-type', contentType], ...extraHeaders, ...signed];
  const endpoint = endpointOf({ contentTypes: [contentType], maxBodyBytes: 10_000, ...reception }, [
    over.secret ?? vector.secret,
  ]);
  const delivery = rawDelivery(headers, over.body ?? vector.body);
  if (timestampHeader === undefined) return verifyCode(delivery, endpoint);
  return verifyCode(delivery, endpoint, Number(vector.headers[timestampHeader]) * 1000);
}

describe('published vectors', () => {
  it('are of every vendor, each with an altered copy', () => {
    const kinds = vectors.map(({ scheme, valid }) => `${scheme} ${valid}`).sort();
    expect(kinds).toEqual(
      Object.keys(settings)
        .flatMap((scheme) => [`${scheme} false`, `${scheme} true`])
        .sort(),
    );
  });

  it.each(vectors.map((vector) => [vector.name, vector] as const))('judges the example of %s', (_, vector) => {
    expect(verify(vector)).toBe(vector.valid ? 'ACCEPTED' : 'WEBHOOK_SIGNATURE_INVALID');
  });
});

describe.each(published.map((vector) => [vector.name, vector] as const))('the example of %s', (_, vector) => {
  it('is refused with any one byte of the body altered', () => {
    const body = Buffer.from(vector.body);
    const codes = new Set<string>();
    for (let at = 0; at < body.length; at += 1) {
      const altered = Uint8Array.from(body, (byte, index) => (index === at ? byte ^ 1 : byte));
      codes.add(verify(vector, { body: altered }));
    }
    expect([...codes]).toEqual(['WEBHOOK_SIGNATURE_INVALID']);
  });

  it('is refused under another secret', () => {
    const secret = vector.secret.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect(verify(vector, { secret })).toBe('WEBHOOK_SIGNATURE_INVALID');
  });

  it.each(Object.keys(vector.headers))('is refused without %s', (name) => {
    const headers = Object.entries(vector.headers).filter(([other]) => other !== name);
    expect(verify(vector, { headers })).toMatch(/^WEBHOOK_/);
  });
});
