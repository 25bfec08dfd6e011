import type { ValidateFunction } from 'ajv/dist/2020.js';
import { compileSchema } from '../types/compile-schema.ts';
import type { PlannedAction, StepError } from '../types/run.ts';

export interface InputChecks {
  /** Undefined when the input fits the action's schema. Names the place that does not fit; never repeats the value. A schema that can't be used lets nothing through. */
  problem(planned: PlannedAction): StepError | undefined;
}

/** Input checks against manifests' schemas, compiled once per artifact and action. */
export function createInputChecks(): InputChecks {
  const compiled = new Map<string, ValidateFunction>();

  function checkOf(planned: PlannedAction): ValidateFunction {
    const name = `${planned.artifactDigest} ${planned.action}`;
    const known = compiled.get(name);
    if (known !== undefined) return known;
    // Artifacts come and go in a long-lived process; schemas are cheap to compile again.
    if (compiled.size >= 1000) compiled.clear();
    const check = compileSchema(planned.manifest.input);
    compiled.set(name, check);
    return check;
  }

  return {
    problem(planned) {
      let check: ValidateFunction;
      try {
        check = checkOf(planned);
      } catch (error) {
        const why = error instanceof Error ? error.message : 'unknown';
        return {
          code: 'ACTION_SCHEMA_INVALID',
          message: `the manifest's schema for the input of ${planned.action} can't be used: ${why}; ask its publisher for a release with another one`,
        };
      }
      if (check(planned.input)) return undefined;
      const [first] = check.errors ?? [];
      const where = first?.instancePath === '' ? 'its top' : (first?.instancePath ?? 'an unknown place');
      return {
        code: 'ACTION_INPUT_INVALID',
        message: `the input of ${planned.action} does not fit its schema at ${where}: ${first?.message ?? 'unknown'}`,
      };
    },
  };
}
