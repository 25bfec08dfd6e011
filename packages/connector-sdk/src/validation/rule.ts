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

export type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;

/** A part of an otherwise sound manifest, wrong and right. A test runs it; the rule's page shows it. */
export interface FragmentExample {
  /** JSON pointer of the part; a part that is `undefined` is absent. '' for members of the top, which replace those there. */
  readonly at: string;
  readonly bad: Json | undefined;
  readonly good: Json | undefined;
  /** JSON pointer at which the rule finds the bad one. */
  readonly found: string;
  /** The same part in the last release, for rules that compare with it. */
  readonly previous?: Json;
}

/** A whole file, wrong and right, for rules about text. */
export interface TextExample {
  readonly badText: string;
  readonly goodText: string;
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
  readonly example: FragmentExample | TextExample;
}

/** A rule about bytes and shape: it reports an error of the SDK's reader. Without a shape no meaning is looked for. */
export interface StructureRule extends RuleText {
  readonly codes: readonly SdkErrorCode[];
  /** Mends one problem where only one reading is possible; undefined when it can't. */
  repair?(bytes: Uint8Array, problem: Problem): Uint8Array | undefined;
}

/** What a rule may look at besides the manifest. */
export interface RuleContext {
  /** The manifest of the connector's last release. */
  readonly previous?: Manifest;
  /** The file itself. */
  readonly text: string;
}

/** A rule about what a well-formed manifest says. */
export interface MeaningRule extends RuleText {
  check(manifest: Manifest, context: RuleContext): Iterable<Problem>;
  /**
   * Mends all it finds in `draft`. Only what leaves the connector doing the same, or allowed less: never a new host, a wider
   * schema, another meaning.
   */
  repair?(draft: Manifest): void;
  /** The repair is the layout of the file. */
  readonly layout?: 'canonical';
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

/** The severity of a rule in a profile; undefined when it is silent there. */
export function severityIn(rule: Rule, profile: Profile): Severity | undefined {
  return profile === 'release' ? (rule.releaseSeverity ?? rule.severity) : rule.severity;
}
