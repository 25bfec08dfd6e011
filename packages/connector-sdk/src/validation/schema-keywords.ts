/** What a keyword holds that is itself a schema: one, a list of them, or a map of them. */
type Holds = 'schema' | 'list' | 'map';

interface Keyword {
  readonly holds?: Holds;
  readonly fits: (value: unknown) => boolean;
  /** Completes "it must be". */
  readonly expected: string;
}

export type SchemaNode = Readonly<Record<string, unknown>>;

/** A schema that is an object; `true` and `false` are schemas too, but there is nothing in them to look at. */
export function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const SCHEMA_TYPES: ReadonlySet<unknown> = new Set([
  'array',
  'boolean',
  'integer',
  'null',
  'number',
  'object',
  'string',
]);

const isSchema = (value: unknown) => isNode(value) || typeof value === 'boolean';
const isStrings = (value: unknown) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') && new Set(value).size === value.length;
const isTypes = (value: unknown) =>
  Array.isArray(value)
    ? value.length > 0 && value.every((item) => SCHEMA_TYPES.has(item)) && new Set(value).size === value.length
    : SCHEMA_TYPES.has(value);
const matches = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);

const schema: Keyword = { holds: 'schema', fits: isSchema, expected: 'a schema' };
const list: Keyword = {
  holds: 'list',
  fits: (value) => Array.isArray(value) && value.length > 0 && value.every(isSchema),
  expected: 'a list of schemas that is not empty',
};
const map: Keyword = {
  holds: 'map',
  fits: (value) => isNode(value) && Object.values(value).every(isSchema),
  expected: 'an object of schemas',
};
const count: Keyword = {
  fits: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0,
  expected: 'a whole number from 0 on',
};
const number: Keyword = { fits: (value) => typeof value === 'number', expected: 'a number' };
const boolean: Keyword = { fits: (value) => typeof value === 'boolean', expected: 'true or false' };
const string: Keyword = { fits: (value) => typeof value === 'string', expected: 'text' };
const array: Keyword = { fits: Array.isArray, expected: 'a list' };
const anything: Keyword = { fits: () => true, expected: 'a value' };
const anchor: Keyword = { fits: matches(/^[A-Za-z_][-A-Za-z0-9._]*$/), expected: 'a plain name' };

/**
 * The keywords of JSON Schema 2020-12 and what its meta-schemas demand of each
 * (https://json-schema.org/draft/2020-12/schema), the deprecated ones included. A test compares this with ajv.
 */
export const SCHEMA_KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ['$id', { fits: matches(/^[^#]*#?$/), expected: 'a reference without a fragment' }],
  ['$schema', string],
  ['$ref', string],
  ['$anchor', anchor],
  ['$dynamicRef', string],
  ['$dynamicAnchor', anchor],
  ['$recursiveRef', string],
  ['$recursiveAnchor', anchor],
  [
    '$vocabulary',
    {
      fits: (value) => isNode(value) && Object.values(value).every((item) => typeof item === 'boolean'),
      expected: 'an object of true and false',
    },
  ],
  ['$comment', string],
  ['$defs', map],
  ['definitions', map],
  ['items', schema],
  ['contains', schema],
  ['additionalProperties', schema],
  ['propertyNames', schema],
  ['if', schema],
  ['then', schema],
  ['else', schema],
  ['not', schema],
  ['unevaluatedItems', schema],
  ['unevaluatedProperties', schema],
  ['contentSchema', schema],
  ['prefixItems', list],
  ['allOf', list],
  ['anyOf', list],
  ['oneOf', list],
  ['properties', map],
  ['patternProperties', map],
  ['dependentSchemas', map],
  [
    'dependencies',
    {
      holds: 'map',
      fits: (value) => isNode(value) && Object.values(value).every((item) => isSchema(item) || isStrings(item)),
      expected: 'an object of schemas or lists of names',
    },
  ],
  ['type', { fits: isTypes, expected: `one of ${[...SCHEMA_TYPES].join(', ')}, or a list of them` }],
  ['const', anything],
  ['enum', array],
  ['multipleOf', { fits: (value) => typeof value === 'number' && value > 0, expected: 'a number above 0' }],
  ['maximum', number],
  ['exclusiveMaximum', number],
  ['minimum', number],
  ['exclusiveMinimum', number],
  ['maxLength', count],
  ['minLength', count],
  ['pattern', string],
  ['maxItems', count],
  ['minItems', count],
  ['uniqueItems', boolean],
  ['maxContains', count],
  ['minContains', count],
  ['maxProperties', count],
  ['minProperties', count],
  ['required', { fits: isStrings, expected: 'a list of different names' }],
  [
    'dependentRequired',
    {
      fits: (value) => isNode(value) && Object.values(value).every(isStrings),
      expected: 'an object of lists of names',
    },
  ],
  ['format', string],
  ['title', string],
  ['description', string],
  ['default', anything],
  ['examples', array],
  ['deprecated', boolean],
  ['readOnly', boolean],
  ['writeOnly', boolean],
  ['contentEncoding', string],
  ['contentMediaType', string],
]);
