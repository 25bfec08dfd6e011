export type { Repair } from './repair-manifest.ts';
export { repairManifest } from './repair-manifest.ts';
export type {
  Finding,
  FragmentExample,
  Json,
  MeaningRule,
  Path,
  Problem,
  Profile,
  Rule,
  RuleContext,
  Severity,
  StructureRule,
  TextExample,
} from './rule.ts';
export { rulePage, rulePath } from './rule-page.ts';
export { rules } from './rule-set.ts';
export { selectRules } from './select-rules.ts';
export type { ValidateOptions } from './validate-manifest.ts';
export { toPointer, validateManifest } from './validate-manifest.ts';
