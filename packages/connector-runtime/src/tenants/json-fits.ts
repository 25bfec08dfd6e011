import { Ajv2020 } from 'ajv/dist/2020.js';
import { RuntimeError, type RuntimeErrorCode } from '../types/errors.ts';

const ajv = new Ajv2020({
  strict: true,
  strictRequired: false,
  // Tuples may have optional parts, and parts behind the last.
  strictTuples: false,
  validateFormats: false,
  addUsedSchema: false,
});

/** Checks a value against a manifest's JSON Schema. Throws `code`, naming the place and never the value. */
export function requireFit(schema: object, value: unknown, code: RuntimeErrorCode, what: string): void {
  const fits = ajv.compile(schema);
  // It would be kept for as long as the process lives.
  ajv.removeSchema(schema);
  if (fits(value)) return;
  const [first] = fits.errors ?? [];
  const where = first === undefined || first.instancePath === '' ? 'its top' : first.instancePath;
  throw new RuntimeError(code, `${what} does not fit its schema at ${where}: ${first?.message ?? 'unknown reason'}`, {
    details: { path: where },
  });
}
