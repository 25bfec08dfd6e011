import { isConnectorError } from '../errors.ts';
import { type Manifest, manifestSchema } from '../manifest.ts';
import { parseJsonStrict } from '../strict-json.ts';
import { writeCanonical, writeLike } from './manifest-layout.ts';
import type { Finding } from './rule.ts';
import { meaningRules, structureRules } from './rule-set.ts';
import { type ValidateOptions, validateManifest } from './validate-manifest.ts';

export interface Repair {
  /** The very bytes that came in when there was nothing to mend. */
  readonly bytes: Uint8Array;
  /** What was found before and is not any more. */
  readonly repaired: readonly Finding[];
}

/** Each round mends one rule; a mended one can bring another to light, such as a blank that made two titles differ. */
const MAX_ROUNDS = 20;

/**
 * Mends what is safe to mend: the connector does the same afterwards, or is allowed less. The layout of the file is kept,
 * unless the profile asks for the canonical one. Never throws for what the bytes hold.
 */
export function repairManifest(bytes: Uint8Array, options: ValidateOptions = {}): Repair {
  const before = validateManifest(bytes, options);
  let mended = bytes;
  let left = before;
  const repaired: Finding[] = [];
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const first = left.find(({ repairable }) => repairable);
    const next = first && (repairStructure(mended, first) ?? repairMeaning(mended, first));
    if (!next) break;
    const found = left.filter(({ ruleId }) => ruleId === first.ruleId);
    left = validateManifest(next, options);
    // What a rule can't mend after all stays reported; the next round would only try the same again.
    const still = new Set(left.map(nameOf));
    const gone = found.filter((finding) => !still.has(nameOf(finding)));
    if (gone.length === 0) break;
    mended = next;
    repaired.push(...gone);
  }
  return { bytes: mended, repaired: [...repaired, ...alsoGone(before, repaired, left)] };
}

/** Of rules that another one's repair mended with its own: what writes the file anew writes it canonical. */
function alsoGone(before: readonly Finding[], repaired: readonly Finding[], left: readonly Finding[]): Finding[] {
  const others = new Set([...repaired, ...left].map(({ ruleId }) => ruleId));
  return before.filter(({ ruleId, repairable }) => repairable && !others.has(ruleId));
}

function nameOf({ ruleId, path }: Finding): string {
  return `${ruleId} ${path.join('/')}`;
}

function repairStructure(bytes: Uint8Array, finding: Finding): Uint8Array | undefined {
  return structureRules.find(({ id }) => id === finding.ruleId)?.repair?.(bytes, finding);
}

function repairMeaning(bytes: Uint8Array, { ruleId }: Finding): Uint8Array | undefined {
  const rule = meaningRules.find(({ id }) => id === ruleId);
  const draft = tryRead(bytes);
  if (!rule?.repair || !draft) return undefined;
  rule.repair(draft);
  return rule.layout === 'canonical' ? writeCanonical(draft) : writeLike(new TextDecoder().decode(bytes), draft);
}

/** The value itself, whose keys are in the order of the file; the parsed manifest has the order of the schema. */
function tryRead(bytes: Uint8Array): Manifest | undefined {
  try {
    const value = parseJsonStrict(bytes);
    return isManifest(value) ? value : undefined;
  } catch (error) {
    if (!isConnectorError(error)) throw error;
    return undefined;
  }
}

function isManifest(value: unknown): value is Manifest {
  return manifestSchema.safeParse(value).success;
}
