import { z } from 'zod';
import { isConnectorError } from '../errors.ts';
import { type Manifest, parseManifest } from '../manifest.ts';
import type { Finding, MeaningRule, Path, Problem, Profile, Rule, RuleContext, Severity } from './rule.ts';
import { meaningRules, rules, safetyRules, structureRules } from './rule-set.ts';

export interface ValidateOptions extends RuleContext {
  /** Default `pr`. */
  readonly profile?: Profile;
  /** Which rules report (see `selectRules`); all of them by default. */
  readonly rules?: readonly Rule[];
}

const issuesSchema = z.array(z.object({ path: z.string(), message: z.string() })).min(1);

/**
 * Everything that is wrong with a manifest: its structure, or when that is right, its meaning. Never throws for what the
 * bytes hold. Findings come in the order of rules and of the manifest, the same on every run. Structure is reported
 * whichever rules were selected.
 */
export function validateManifest(bytes: Uint8Array, options: ValidateOptions = {}): Finding[] {
  const { profile = 'pr', rules: selected = rules, ...context } = options;
  let manifest: Manifest;
  try {
    manifest = parseManifest(bytes);
  } catch (error) {
    if (!isConnectorError(error)) throw error;
    const rule = structureRules.find(({ codes }) => codes.some((code) => code === error.code));
    if (!rule) throw error;
    return structureProblems(error).map((problem) => toFinding(rule, 'error', problem));
  }
  const unsafe = checkMeaning(safetyRules, manifest, profile, context);
  if (unsafe.length > 0) return unsafe;
  const wanted = meaningRules.filter((rule) => selected.includes(rule));
  return checkMeaning(wanted, manifest, profile, context);
}

function checkMeaning(
  wanted: readonly MeaningRule[],
  manifest: Manifest,
  profile: Profile,
  context: RuleContext,
): Finding[] {
  return wanted.flatMap((rule) => {
    const severity = severityIn(rule, profile);
    return severity ? [...rule.check(manifest, context)].map((problem) => toFinding(rule, severity, problem)) : [];
  });
}

function severityIn(rule: Rule, profile: Profile): Severity | undefined {
  return profile === 'release' ? (rule.releaseSeverity ?? rule.severity) : rule.severity;
}

function structureProblems(error: Error & { readonly details: Readonly<Record<string, unknown>> }): Problem[] {
  const issues = issuesSchema.safeParse(error.details.issues);
  if (!issues.success) return [{ path: [], message: error.message }];
  return issues.data.map(({ path, message }) => ({ path: path === '' ? [] : path.split('.'), message }));
}

function toFinding({ id, fix }: Rule, severity: Severity, { path, message }: Problem): Finding {
  return { ruleId: id, severity, path, message, fix, repairable: false };
}

/** A place in the manifest as a JSON pointer (RFC 6901). */
export function toPointer(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
