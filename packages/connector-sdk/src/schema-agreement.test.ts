import { Validator } from '@cfworker/json-schema';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonSchema, type Schema, toJsonSchema } from './index.ts';
import { anySpec, type Spec, toZod3, toZod4, valuesFor } from './test-schema-specs.ts';

const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTuples: false, validateFormats: false });

/** Two validators of different authors; the second asserts formats as well. */
function validatorsOf(schema: JsonSchema): ((value: unknown) => boolean)[] {
  const fits = ajv.compile(schema);
  ajv.removeSchema(schema);
  const second = new Validator({ ...schema }, '2020-12');
  return [(value) => fits(value), (value) => second.validate(value).valid];
}

interface Parses {
  safeParse(value: unknown): { success: boolean; data?: unknown };
}

/** What the first value drawn that fits is parsed to, as a default; the same for the same schema. */
function defaultFor(schema: Parses, spec: Spec): unknown {
  const drawn = fc.sample(valuesFor(spec), { numRuns: 5, seed: 7 });
  return drawn.map((value) => schema.safeParse(value)).find(({ success }) => success)?.data;
}

const cases = anySpec.chain((spec) =>
  fc.tuple(fc.constant(spec), fc.array(valuesFor(spec), { minLength: 12, maxLength: 12 })),
);

/** Of them zod 3 counts two characters where there is one. */
const BEYOND_BASIC_PLANE = /[^\0-\uffff]/u;

describe.each<[string, (spec: Spec) => Schema & Parses, RegExp | undefined]>([
  ['zod 4', (spec) => toZod4(spec, defaultFor), undefined],
  ['zod 3', (spec) => toZod3(spec, defaultFor), BEYOND_BASIC_PLANE],
])('a manifest and %s', (_, build, except) => {
  it('accept the same input, and what comes out fits the output', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(cases, ([spec, values]) => {
        const schema = build(spec);
        const input = toJsonSchema(schema, 'input', 'x');
        const takes = validatorsOf(input);
        const gives = validatorsOf(toJsonSchema(schema, 'output', 'x'));
        for (const value of values) {
          if (except?.test(JSON.stringify(value))) continue;
          const parsed = schema.safeParse(value);
          parsed.success ? accepted++ : refused++;
          const fits = takes.map((accepts) => accepts(value));
          if (fits.some((fit) => fit !== parsed.success))
            expect({ input, value, fits }).toEqual({ zod: parsed.success });
          if (parsed.success) expect(gives.map((fits) => fits(parsed.data))).toEqual([true, true]);
        }
      }),
      { numRuns: 250 },
    );
    expect(Math.min(accepted, refused)).toBeGreaterThan(500);
  });
});
