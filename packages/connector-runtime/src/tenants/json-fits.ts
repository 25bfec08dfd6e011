import { compileSchema } from '../types/compile-schema.ts';
import { RuntimeError, type RuntimeErrorCode } from '../types/errors.ts';

/** Checks a value against a manifest's JSON Schema. Throws `code`, naming the place and never the value. */
export function requireFit(schema: object, value: unknown, code: RuntimeErrorCode, what: string): void {
  const fits = compileSchema(schema);
  if (fits(value)) return;
  const [first] = fits.errors ?? [];
  const where = first === undefined || first.instancePath === '' ? 'its top' : first.instancePath;
  throw new RuntimeError(code, `${what} does not fit its schema at ${where}: ${first?.message ?? 'unknown reason'}`, {
    details: { path: where },
  });
}
