import { effectIdempotency } from '../rules/effect-idempotency.ts';
import { hostTooWide } from '../rules/host-too-wide.ts';
import { inputUnboundedString } from '../rules/input-unbounded-string.ts';
import { jsonDuplicateKey } from '../rules/json-duplicate-key.ts';
import { jsonEncoding } from '../rules/json-encoding.ts';
import { jsonSyntax } from '../rules/json-syntax.ts';
import { manifestSchema } from '../rules/manifest-schema.ts';
import { manifestVersion } from '../rules/manifest-version.ts';
import { markerWithoutResolve } from '../rules/marker-without-resolve.ts';
import { nestingTooDeep } from '../rules/nesting-too-deep.ts';
import { reversalUnknown } from '../rules/reversal-unknown.ts';
import { schemaInvalid } from '../rules/schema-invalid.ts';
import { scopeUndeclared } from '../rules/scope-undeclared.ts';
import { scopeUnused } from '../rules/scope-unused.ts';
import { triggerWithoutSource } from '../rules/trigger-without-source.ts';
import { writeIrreversible } from '../rules/write-irreversible.ts';
import type { MeaningRule, Rule, StructureRule } from './rule.ts';

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

/** Every rule, in the order in which findings are reported. */
export const rules: readonly Rule[] = [...structureRules, ...safetyRules, ...meaningRules];
