export type {
  Finding,
  MeaningRule,
  Path,
  Problem,
  Profile,
  Rule,
  RuleContext,
  Severity,
  StructureRule,
} from './rule.ts';
export { rules } from './rule-set.ts';
export { selectRules } from './select-rules.ts';
export type { ValidateOptions } from './validate-manifest.ts';
export { toPointer, validateManifest } from './validate-manifest.ts';
