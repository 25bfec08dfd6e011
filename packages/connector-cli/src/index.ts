export { type BuildConnectorOptions, type BuiltConnector, buildConnector } from './build/build-connector.ts';
export type { Bundle } from './build/bundle.ts';
export type { BundledModule } from './build/module-names.ts';
export { CliError, type CliErrorCode } from './errors.ts';
export { runCli } from './program.ts';
export type { Finding, MeaningRule, Path, Problem, Rule, Severity, StructureRule } from './rules/rule.ts';
export { meaningRules, safetyRules, structureRules } from './rules/rule-set.ts';
export type { Report, Terminal } from './terminal.ts';
export { toPointer, validateManifest } from './validate/validate-manifest.ts';
