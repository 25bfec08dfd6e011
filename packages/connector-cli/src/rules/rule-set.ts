import { effectIdempotency } from './effect-idempotency.ts';
import { hostTooWide } from './host-too-wide.ts';
import { inputUnboundedString } from './input-unbounded-string.ts';
import { jsonDuplicateKey } from './json-duplicate-key.ts';
import { jsonEncoding } from './json-encoding.ts';
import { jsonSyntax } from './json-syntax.ts';
import { manifestSchema } from './manifest-schema.ts';
import { manifestVersion } from './manifest-version.ts';
import { markerWithoutResolve } from './marker-without-resolve.ts';
import { nestingTooDeep } from './nesting-too-deep.ts';
import { reversalUnknown } from './reversal-unknown.ts';
import type { MeaningRule, StructureRule } from './rule.ts';
import { schemaInvalid } from './schema-invalid.ts';
import { scopeUndeclared } from './scope-undeclared.ts';
import { scopeUnused } from './scope-unused.ts';
import { triggerWithoutSource } from './trigger-without-source.ts';
import { writeIrreversible } from './write-irreversible.ts';

export const structureRules: readonly StructureRule[] = [
  jsonEncoding,
  jsonSyntax,
  jsonDuplicateKey,
  manifestVersion,
  manifestSchema,
];

/** Rules that the others rely on: when one of them finds something, the others do not run. */
export const safetyRules: readonly MeaningRule[] = [nestingTooDeep];

export const meaningRules: readonly MeaningRule[] = [
  schemaInvalid,
  scopeUndeclared,
  scopeUnused,
  effectIdempotency,
  markerWithoutResolve,
  writeIrreversible,
  reversalUnknown,
  triggerWithoutSource,
  hostTooWide,
  inputUnboundedString,
];
