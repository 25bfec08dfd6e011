import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

// `strict` refuses keywords that it does not know: a typing error must not let everything in. Tuples may have optional parts
// and parts behind the last, and formats say nothing that the pattern beside them does not.
const ajv = new Ajv2020({
  strict: true,
  strictRequired: false,
  strictTuples: false,
  validateFormats: false,
  addUsedSchema: false,
  logger: false,
});

/** The check of a manifest's JSON Schema. Throws ajv's own error for a schema that can't be used. */
export function compileSchema(schema: object): ValidateFunction {
  const check = ajv.compile(schema);
  // It would be kept for as long as the process lives.
  ajv.removeSchema(schema);
  return check;
}
