import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HostMessage, readMessages } from './read-messages.ts';

const nonce = 'N0nce';

async function read(chunks: readonly Uint8Array[], maxMessageBytes = 1000) {
  const stream = new PassThrough();
  const messages: HostMessage[] = [];
  const violations: string[] = [];
  const reader = {
    nonce,
    maxMessageBytes,
    onMessage: (m: HostMessage) => messages.push(m),
    onViolation: (v: string) => violations.push(v),
  };
  readMessages(stream, {
    ...reader,
    onMessage: (m) => void reader.onMessage(m),
    onViolation: (v) => void reader.onViolation(v),
  });
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream).catch(() => {});
  return { messages, violations: violations.length };
}

describe("a host's messages", () => {
  it('are read alike however they are cut', async () => {
    const values = fc.array(fc.tuple(fc.nat(), fc.json({ maxDepth: 2 })), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(values, fc.array(fc.nat(300), { maxLength: 8 }), async (sent, cuts) => {
        const bytes = Buffer.from(
          sent.map(([id, json]) => `${nonce} answer ${id} ${JSON.stringify(JSON.parse(json))}\n`).join(''),
        );
        const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
        const expected = sent.map(([id, json]) => ({ kind: 'answer', id, value: JSON.parse(json) as unknown }));
        expect(await read(chunks, 100_000)).toEqual({ messages: expected, violations: 0 });
      }),
      { numRuns: 50 },
    );
  });

  it.each(['__proto__', '\\u005f_proto__', '__\\u0070roto__', '_\\u005Fproto_\\u005f'])(
    'bring no prototype: %s',
    async (key) => {
      const { messages } = await read([
        Buffer.from(`${nonce} answer 1 {"a":{"${key}":{"polluted":true}},"b":"__proto__"}\n`),
      ]);
      expect(messages).toEqual([{ kind: 'answer', id: 1, value: { a: {}, b: '__proto__' } }]);
      // Not even as a key of its own, which a comparison leaves out.
      expect(JSON.stringify(messages)).not.toContain('polluted');
    },
  );

  it.each([
    ['another nonce', 'other answer 1 {}\n'],
    ['no nonce', '{"id":1}\n'],
    ['the nonce later', ` ${nonce} answer 1 {}\n`],
    ['an unknown kind', `${nonce} grant 1 {}\n`],
    ['no id', `${nonce} answer x {}\n`],
    ['no JSON', `${nonce} answer 1 {\n`],
    ['too many bytes', `${nonce} answer 1 "${'x'.repeat(2000)}"\n`],
    ['too many bytes without an end', 'x'.repeat(2000)],
  ])('end at the first that is none of it: %s', async (_, text) => {
    const after = Buffer.from(`${nonce} answer 2 {}\n`);
    expect(await read([Buffer.from(text), after])).toEqual({ messages: [], violations: 1 });
  });
});
