import { isConnectorError } from '@org/connector-sdk';
import { createTestDelivery } from '@org/connector-testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import github from './connector.ts';
import { readWebhookExamples } from './test-webhook-examples.ts';

const triggers = Object.entries({ ...github.triggers });
const own = readWebhookExamples().filter(({ event }) => ['issues', 'pull_request', 'push'].includes(event));
/** A true payload in which one member, somewhere, is something else. */
const broken = fc
  .tuple(fc.constantFrom(...own), fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 4 }), fc.jsonValue())
  .map(([{ payload }, path, value]) => {
    const copy = structuredClone(payload) as Record<string, unknown>;
    let at = copy;
    for (const [depth, step] of path.entries()) {
      const keys = Object.keys(at);
      const key = keys[step % Math.max(1, keys.length)] ?? 'x';
      const inner = at[key];
      if (depth < path.length - 1 && typeof inner === 'object' && inner !== null) {
        at = inner as typeof at;
        continue;
      }
      Object.assign(at, { [key]: value });
      break;
    }
    return new TextEncoder().encode(JSON.stringify(copy));
  });
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => new TextEncoder().encode(text)),
  broken,
);
const asForm = (body: Uint8Array) =>
  new TextEncoder().encode(new URLSearchParams({ payload: new TextDecoder().decode(body) }).toString());

describe.each(triggers)('%s', (_name, { webhook, event: schema, eventKey }) => {
  it('gives events or an ActionError, whatever the bytes', async () => {
    const events = fc.constantFrom('issues', 'pull_request', 'push', 'ping', '', undefined);
    await fc.assert(
      fc.asyncProperty(bodies, events, fc.boolean(), async (body, event, isForm) => {
        const delivery = createTestDelivery({
          body: isForm ? asForm(body) : body,
          contentType: isForm ? 'application/x-www-form-urlencoded' : 'application/json',
          headers: event === undefined ? {} : { 'x-github-event': event },
        });
        try {
          for (const found of (await webhook?.parse(delivery)) ?? []) {
            expect(eventKey(schema.parse(found) as never)).toMatch(/^-?\d{1,16}:[0-9a-f]{32}$/);
          }
        } catch (error) {
          if (!isConnectorError(error)) throw error;
          expect(['GITHUB_DELIVERY_INVALID', 'DELIVERY_NOT_JSON']).toContain(error.code);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('does not read the body of another event', async () => {
    const delivery = createTestDelivery({ body: 'no JSON', headers: { 'x-github-event': 'star' } });
    expect(await webhook?.parse(delivery)).toEqual([]);
    expect(await webhook?.parse(createTestDelivery({ body: 'no JSON' }))).toEqual([]);
  });
});
