import type { SdkErrorCode } from '../errors.ts';
import type { Manifest } from '../manifest.ts';

export type Severity = 'error' | 'warning';

/** How strict a check is: `pr` for every change, `release` for what is about to be signed and published. */
export type Profile = 'pr' | 'release';

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
  /** In the `pr` profile; undefined when the rule speaks in `release` only. */
  readonly severity?: Severity;
  /** In the `release` profile, where it differs. */
  readonly releaseSeverity?: Severity;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
}

/** A rule about bytes and shape: it reports an error of the SDK's reader. Without a shape no meaning is looked for. */
export interface StructureRule extends RuleText {
  readonly codes: readonly SdkErrorCode[];
}

/** What a rule may compare a manifest with. */
export interface RuleContext {
  /** The manifest of the connector's last release. */
  readonly previous?: Manifest;
}

/** A rule about what a well-formed manifest says. */
export interface MeaningRule extends RuleText {
  check(manifest: Manifest, context: RuleContext): Iterable<Problem>;
}

export type Rule = StructureRule | MeaningRule;

/** A problem together with the rule that found it. */
export interface Finding extends Problem {
  readonly ruleId: string;
  readonly severity: Severity;
  readonly fix: string;
  /** `repairManifest` can mend it without changing what the connector does. */
  readonly repairable: boolean;
}

export function defineStructureRule(rule: StructureRule): StructureRule {
  return rule;
}

export function defineMeaningRule(rule: MeaningRule): MeaningRule {
  return rule;
}
