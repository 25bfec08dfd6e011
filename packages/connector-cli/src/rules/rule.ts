import type { Manifest, SdkErrorCode } from '@org/connector-sdk';

export type Severity = 'error' | 'warning';

/** Where in the manifest, from its top. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly path: Path;
  /** What is wrong, on what; the rule itself says why it matters and how to fix it. */
  readonly message: string;
}

interface RuleText {
  /** Stable; also the file's name. */
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
}

/** A rule about bytes and shape: it reports an error of the SDK's reader. Without a shape no meaning is looked for. */
export interface StructureRule extends RuleText {
  readonly codes: readonly SdkErrorCode[];
}

/** A rule about what a well-formed manifest says. */
export interface MeaningRule extends RuleText {
  check(manifest: Manifest): Iterable<Problem>;
}

export type Rule = StructureRule | MeaningRule;

/** A problem together with the rule that found it. */
export interface Finding extends Problem {
  readonly ruleId: string;
  readonly severity: Severity;
  readonly fix: string;
}

export function defineStructureRule(rule: StructureRule): StructureRule {
  return rule;
}

export function defineMeaningRule(rule: MeaningRule): MeaningRule {
  return rule;
}
