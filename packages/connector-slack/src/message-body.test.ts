import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBlocks, writeBlocks } from './message-body.ts';

const text = fc.oneof(
  fc.string({
    minLength: 1,
    maxLength: 40,
    unit: fc.constantFrom('a', '&', '<', '>', '|', '\n', '\t', '\u202e', '😀', 'é', ';'),
  }),
  fc.string({ minLength: 1, maxLength: 3000, unit: 'binary' }),
);
const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.constant('https://a.example/|<x>?a&b'),
);
const body = fc.record(
  { text, link: fc.record({ url, label: fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }) }) },
  { requiredKeys: ['text'] },
);

describe('the blocks of a message', () => {
  it('are written again as they were, from what was read of them', () => {
    fc.assert(
      fc.property(body, (given) => {
        const blocks = writeBlocks(given);
        const read = readBlocks(blocks);
        if (read !== undefined) expect(writeBlocks(read)).toEqual(blocks);
      }),
    );
  });

  it.each([
    { text: 'Done' },
    { text: 'a &lt; b & c\n<!channel>', link: { url: 'https://console.example.com/runs/1?a=1&b=2', label: 'R&D <x>' } },
  ])('give back %j', (given) => {
    expect(readBlocks(writeBlocks(given))).toEqual(given);
  });

  it.each([
    ['none', undefined],
    ['no list', {}],
    ['plain text', [{ type: 'section', text: { type: 'plain_text', text: 'x' } }]],
    ['buttons below', [...writeBlocks({ text: 'x' }), { type: 'actions', elements: [] }]],
    [
      'a foot without a link',
      [...writeBlocks({ text: 'x' }), { type: 'context', elements: [{ type: 'mrkdwn', text: 'x' }] }],
    ],
  ])('are not read when they are others: %s', (_, blocks) => {
    expect(readBlocks(blocks)).toBeUndefined();
  });
});
