import { isConnectorError, type Manifest, parseManifest } from '@org/connector-sdk';
import { z } from 'zod';
import type { Finding, MeaningRule, Path, Problem, Rule } from '../rules/rule.ts';
import { meaningRules, safetyRules, structureRules } from '../rules/rule-set.ts';

const issuesSchema = z.array(z.object({ path: z.string(), message: z.string() })).min(1);

/**
 * Everything that is wrong with a manifest: its structure, or when that is right, its meaning. Never throws for what the
 * bytes hold. Findings come in the order of rules and of the manifest, the same on every run.
 */
export function validateManifest(bytes: Uint8Array): Finding[] {
  let manifest: Manifest;
  try {
    manifest = parseManifest(bytes);
  } catch (error) {
    if (!isConnectorError(error)) throw error;
    const rule = structureRules.find(({ codes }) => codes.some((code) => code === error.code));
    if (!rule) throw error;
    return structureProblems(error).map((problem) => toFinding(rule, problem));
  }
  const unsafe = checkMeaning(safetyRules, manifest);
  return unsafe.length > 0 ? unsafe : checkMeaning(meaningRules, manifest);
}

function checkMeaning(rules: readonly MeaningRule[], manifest: Manifest): Finding[] {
  return rules.flatMap((rule) => [...rule.check(manifest)].map((problem) => toFinding(rule, problem)));
}

function structureProblems(error: Error & { readonly details: Readonly<Record<string, unknown>> }): Problem[] {
  const issues = issuesSchema.safeParse(error.details.issues);
  if (!issues.success) return [{ path: [], message: error.message }];
  return issues.data.map(({ path, message }) => ({ path: path === '' ? [] : path.split('.'), message }));
}

function toFinding({ id, severity, fix }: Rule, { path, message }: Problem): Finding {
  return { ruleId: id, severity, path, message, fix };
}

/** A place in the manifest as a JSON pointer (RFC 6901). */
export function toPointer(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
