import { Ajv2020 } from 'ajv/dist/2020.js';
import { defineMeaningRule } from '../validation/rule.ts';
import { listSchemas } from '../validation/schema-nodes.ts';

export const schemaInvalid = defineMeaningRule({
  id: 'schema-invalid',
  severity: 'error',
  title: 'Every embedded schema is a JSON Schema (2020-12)',
  why: 'The runtime checks inputs and outputs with it; a schema that is not valid checks nothing.',
  fix: 'Derive it from a zod schema with `connector build` rather than writing it by hand.',
  *check(manifest) {
    const ajv = metaSchema();
    for (const [path, schema] of listSchemas(manifest)) {
      if (ajv.validateSchema(schema) === true) continue;
      const [first] = ajv.errors ?? [];
      const place = first?.instancePath.split('/').slice(1) ?? [];
      yield { path: [...path, ...place], message: `not a JSON Schema: it ${first?.message ?? 'is not valid'}` };
    }
  },
});

let shared: Ajv2020 | undefined;

function metaSchema(): Ajv2020 {
  shared ??= new Ajv2020({ strict: false, logger: false });
  return shared;
}
