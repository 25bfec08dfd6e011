import { toJsonSchema } from '@org/connector-sdk';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { requireFit } from './json-fits.ts';

const schema = toJsonSchema(
  z.strictObject({ range: z.tuple([z.string().max(9), z.int().optional()]), more: z.tuple([z.int()], z.int()) }),
  'input',
  'config',
);
const check = (value: unknown) => () => requireFit(schema, value, 'CONNECTION_CONFIG_INVALID', 'The config');

describe('requireFit', () => {
  it('reads tuples with optional parts and with parts behind the last', () => {
    expect(check({ range: ['a'], more: [1, 2, 3] })).not.toThrow();
    expect(check({ range: ['a', 2], more: [1] })).not.toThrow();
  });

  it.each([
    { range: [], more: [1] },
    { range: ['a', 'b'], more: [1] },
    { range: ['a'], more: ['b'] },
    { range: ['a'], more: [1], other: 1 },
  ])('refuses %j by its place and without its value', (value) => {
    expect(check(value)).toThrow(expect.objectContaining({ code: 'CONNECTION_CONFIG_INVALID' }));
  });
});
