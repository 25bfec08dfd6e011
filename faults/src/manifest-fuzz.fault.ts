import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, manifestJsonSchema, parseManifest } from '@org/connector-sdk';
import { type Finding, rules, validateManifest } from '@org/connector-sdk/validation';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { defineFault } from './fault.ts';
import { mutatedManifests } from './manifest-mutations.ts';

const RUNS = { short: 5000, long: 100_000 };
const CHUNK = 500;
/** Every so many inputs the rules' reads are counted. */
const COUNTED = 25;
/** How often all rules may look at each value of a manifest: twelve times today, sixteen more when one compares all schemas with all. */
const READS_PER_VALUE = 20;

const root = join(import.meta.dirname, '../..');
const VALID = [
  'manifests/github.json',
  'manifests/servicenow.json',
  'manifests/slack.json',
  'fixtures/manifests-released/trigger-removed--example.json',
];

/** `MANIFEST_FUZZ_RUNS` sets the number of inputs, whatever the size says. */
export default defineFault({
  promise:
    'whatever a manifest holds, validation ends with findings, the same twice, and passes none that the schema refuses',
  async run({ size, seed, progress }) {
    const valid = VALID.map((path) => new Uint8Array(readFileSync(join(root, path))));
    const isRefused = schemaCheck();
    const runs = Number(process.env.MANIFEST_FUZZ_RUNS) || RUNS[size];
    const count = { refused: 0, counted: 0, most: 0 };
    const violations: string[] = [];
    let tried = 0;
    while (tried < runs && violations.length < 5) {
      const { failed, numRuns, counterexample, errorInstance } = fc.check(
        fc.property(mutatedManifests(valid), (bytes) => {
          if (isRefused(bytes)) count.refused += 1;
          checkOne(validateManifest, isRefused, bytes);
          if ((tried + count.refused) % COUNTED !== 0) return;
          const reads = readsPerValue(bytes);
          count.counted += 1;
          count.most = Math.max(count.most, reads);
          if (reads > READS_PER_VALUE) throw new Error(`the rules read each value ${Math.round(reads)} times`);
        }),
        { seed: (seed + tried) | 0, numRuns: Math.min(CHUNK, runs - tried) },
      );
      tried += numRuns;
      if (failed) violations.push(`${String(errorInstance)}: ${shorten(counterexample?.[0])}`);
      if (tried % 5000 === 0) progress(`${tried} of ${runs}`);
    }
    return {
      tried,
      violations,
      controlCaught: isCaught(mutatedManifests(valid), isRefused, seed),
      notes: [
        `${count.refused} of them are refused by the JSON Schema`,
        `the rules read each value ${Math.round(count.most)} times at most (${count.counted} counted)`,
      ],
    };
  },
});

type Validate = (bytes: Uint8Array) => Finding[];

/** Throws when the promise is broken. */
function checkOne(validate: Validate, isRefused: (bytes: Uint8Array) => boolean, bytes: Uint8Array): void {
  const findings = validate(bytes);
  if (JSON.stringify(findings) !== JSON.stringify(validate(bytes))) throw new Error('two runs differ');
  if (isRefused(bytes) && !findings.some(({ severity }) => severity === 'error'))
    throw new Error('passed, though refused');
}

/** The published JSON Schema, read by another validator; what is not even JSON is refused as well. */
function schemaCheck(): (bytes: Uint8Array) => boolean {
  const fits = new Ajv2020({ strict: false, validateFormats: false }).compile(manifestJsonSchema());
  return (bytes) => {
    const value = tryJson(bytes);
    return value === undefined || !fits(value);
  };
}

function tryJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The same checker, and rules that go by meaning before structure. */
function isCaught(inputs: fc.Arbitrary<Uint8Array>, isRefused: (bytes: Uint8Array) => boolean, seed: number): boolean {
  return fc.check(
    fc.property(inputs, (bytes) => checkOne(validateMeaningOnly, isRefused, bytes)),
    { seed: seed | 0, numRuns: 500 },
  ).failed;
}

function validateMeaningOnly(bytes: Uint8Array): Finding[] {
  const manifest = tryJson(bytes);
  if (!isObject(manifest)) return [];
  const text = new TextDecoder().decode(bytes);
  return rules.flatMap((rule) => {
    if (!('check' in rule)) return [];
    try {
      const { id: ruleId, fix } = rule;
      return [...rule.check(manifest, { text })].map((problem) => {
        return { ...problem, ruleId, fix, severity: rule.severity ?? 'warning', repairable: false };
      });
    } catch {
      return [];
    }
  });
}

/** Deliberately untrue: this is the broken build. */
function isObject(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null;
}

/** How often all rules together look at a value of this manifest, per value; steps, since seconds depend on the machine. */
function readsPerValue(bytes: Uint8Array): number {
  let manifest: Manifest;
  try {
    manifest = parseManifest(bytes);
  } catch {
    return 0;
  }
  if (validateManifest(bytes).some(({ ruleId }) => ruleId === 'nesting-too-deep')) return 0;
  const counter = { reads: 0 };
  const watched = watch(manifest, counter);
  const text = new TextDecoder().decode(bytes);
  for (const rule of rules) if ('check' in rule) for (const _ of rule.check(watched, { text })) counter.reads += 1;
  return counter.reads / countValues(manifest);
}

function watch<T extends object>(value: T, counter: { reads: number }, seen = new WeakMap<object, object>()): T {
  const watched: T = new Proxy(value, {
    get(target, key) {
      counter.reads += 1;
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'object' || member === null) return member;
      const known = seen.get(member) ?? watch(member, counter, seen);
      seen.set(member, known);
      return known;
    },
    ownKeys(target) {
      counter.reads += 1;
      return Reflect.ownKeys(target);
    },
  });
  return watched;
}

function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, member) => sum + countValues(member), 1);
}

function shorten(bytes: Uint8Array | undefined): string {
  return bytes ? `base64 ${Buffer.from(bytes).toString('base64').slice(0, 400)}…` : 'no counterexample';
}
