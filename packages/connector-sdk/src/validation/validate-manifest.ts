import * as z from 'zod';
import { isConnectorError } from '../errors.ts';
import { type Manifest, parseManifest } from '../manifest.ts';
import {
  type Finding,
  type MeaningRule,
  type Path,
  type Problem,
  type Profile,
  type Rule,
  type RuleContext,
  type Severity,
  severityIn,
} from './rule.ts';
import { meaningRules, rules, safetyRules, structureRules } from './rule-set.ts';

export interface ValidateOptions {
  /** Default `pr`. */
  readonly profile?: Profile;
  /** The manifest of the connector's last release, for rules that compare with it; without it they are silent. */
  readonly previous?: Manifest;
  /** Which rules report (see `selectRules`); all of them by default. */
  readonly rules?: readonly Rule[];
}

const issuesSchema = z
  .array(z.object({ path: z.array(z.union([z.string(), z.number()])), message: z.string() }))
  .min(1);

/**
 * Everything that is wrong with a manifest: its structure, or when that is right, its meaning. Never throws for what the
 * bytes hold. Findings come in the order of rules and of the manifest, the same on every run. Structure is reported
 * whichever rules were selected.
 */
export function validateManifest(bytes: Uint8Array, options: ValidateOptions = {}): Finding[] {
  const { profile = 'pr', rules: selected = rules, previous } = options;
  let manifest: Manifest;
  try {
    manifest = parseManifest(bytes);
  } catch (error) {
    if (!isConnectorError(error)) throw error;
    const rule = structureRules.find(({ codes }) => codes.some((code) => code === error.code));
    if (!rule) throw error;
    return structureProblems(error).map((problem) =>
      toFinding(rule, 'error', problem, rule.repair?.(bytes, problem) !== undefined),
    );
  }
  const context: RuleContext = { text: new TextDecoder().decode(bytes), ...(previous ? { previous } : {}) };
  const unsafe = checkMeaning(safetyRules, manifest, profile, context);
  if (unsafe.length > 0) return unsafe;
  const chosen = new Set(selected);
  return checkMeaning(
    meaningRules.filter((rule) => chosen.has(rule)),
    manifest,
    profile,
    context,
  );
}

function checkMeaning(
  wanted: readonly MeaningRule[],
  manifest: Manifest,
  profile: Profile,
  context: RuleContext,
): Finding[] {
  const findings: Finding[] = [];
  for (const rule of wanted) {
    const severity = severityIn(rule, profile);
    if (!severity) continue;
    for (const problem of rule.check(manifest, context)) {
      findings.push(toFinding(rule, severity, problem, rule.repair !== undefined));
    }
  }
  return findings;
}

function structureProblems(error: Error & { readonly details: Readonly<Record<string, unknown>> }): Problem[] {
  const issues = issuesSchema.safeParse(error.details.issues);
  if (!issues.success) return [{ path: [], message: error.message }];
  return issues.data;
}

function toFinding({ id, fix }: Rule, severity: Severity, { path, message }: Problem, repairable: boolean): Finding {
  return { ruleId: id, severity, path, message, fix, repairable };
}

/** A place in the manifest as a JSON pointer (RFC 6901). */
export function toPointer(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
