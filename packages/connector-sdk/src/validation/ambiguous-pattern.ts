import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';
import { listCycles } from './cycles.ts';

/** A state of the automaton: the ways on that read a character, and those that read none. */
interface State {
  readonly reads: { readonly characters: CharacterSet; readonly to: number }[];
  readonly skips: number[];
  /** The loop whose body starts, or has just ended, here. */
  readonly enters?: number;
  readonly repeats?: number;
}

/** Which of the sample characters an atom matches, one bit each. */
type CharacterSet = bigint;

/** Beyond this a pattern is not looked into: it bounds the work to its square. */
const MAX_STATES = 400;

/** As many steps of two walkers are compared: patterns of people need a few thousand. */
const MAX_COMPARED = 500_000;

/** From here on a bounded repeat counts as endless: two of them within each other take as long in practice. */
const ENDLESS = 10;

/** And of all its loops together. */
const MAX_STEPS = 5_000_000;

/** Of the characters beyond ASCII that a pattern names, as many stand for all. */
const MAX_SAMPLES = 200;

/** Asking a matcher about a sample takes as long as so many comparisons. */
const MATCHER_STEPS = 10;

/** What must be there is laid out this often at most: more makes no pattern ambiguous that fewer do not. */
const MAX_COPIES = 4;

/**
 * True when a backtracking matcher can take exponential time: some loop of the pattern can read one text in two ways
 * (`(a+)+`, `(a|aa)*`). Look-arounds and back-references count as reading nothing, and characters beyond ASCII are
 * represented by samples: a pattern that is ambiguous only through those is not found. Undefined when the pattern can't be
 * parsed or a loop of it is too large to tell. What it took is added to `effort`.
 */
export function isAmbiguous(pattern: string, effort: Effort = { steps: 0 }): boolean | undefined {
  // Without a repeat of a group there is no such loop; most patterns end here.
  if (!/\)(?:[*+]|\{\d+(?:,\d*)?\})/.test(pattern)) return false;
  const seen = known.get(pattern) ?? look(pattern);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(pattern, seen);
  // Known or not, a pattern costs the same: what is found in a manifest does not depend on what was looked at before it.
  effort.steps += seen.steps;
  return seen.answer;
}

function look(pattern: string): Look {
  const effort = { steps: 0 };
  const loops = listOuterLoops(pattern);
  let isKnown = loops !== undefined;
  for (const loop of loops ?? []) {
    const states = effort.steps > MAX_STEPS ? undefined : buildAutomaton(loop, effort);
    if (!states) isKnown = false;
    else if (hasAmbiguousLoop(states, effort)) return { answer: true, steps: effort.steps };
  }
  return { answer: isKnown ? false : undefined, steps: effort.steps };
}

/** How much was compared to find answers: a measure of time that does not depend on the machine. */
export interface Effort {
  steps: number;
}

interface Look extends Effort {
  readonly answer: boolean | undefined;
}

/** What stands around and between loops makes no text ambiguous without end; the outermost hold the others. */
function listOuterLoops(pattern: string): Iterable<AST.Quantifier> | undefined {
  const loops = new Map<string, AST.Quantifier>();
  let end = 0;
  try {
    const tree = new RegExpParser().parsePattern(pattern, 0, pattern.length, { unicode: true });
    visitRegExpAST(tree, {
      onQuantifierEnter(quantifier) {
        if (quantifier.max < ENDLESS || quantifier.start < end) return;
        end = quantifier.end;
        // One character that repeats is read in one way.
        if (quantifier.element.type.endsWith('Group')) loops.set(quantifier.raw, quantifier);
      },
    });
  } catch {
    // `schema-pattern-invalid` says so.
    return undefined;
  }
  return loops.values();
}

/** Schema libraries write the same few patterns into every manifest. */
const known = new Map<string, Look>();
const MAX_KNOWN = 1000;

function buildAutomaton(loop: AST.Quantifier, effort: Effort): State[] | undefined {
  const samples = sampleCharacters(loop.raw);
  effort.steps += samples.length;
  const sets = new Map<string, CharacterSet>();
  const states: State[] = [];
  const add = (loop: Pick<State, 'enters' | 'repeats'> = {}): number =>
    states.push({ reads: [], skips: [], ...loop }) - 1;
  const skip = (from: number, to: number) => states[from]?.skips.push(to);
  const charactersOf = (atom: string): CharacterSet => {
    const seen = sets.get(atom);
    if (seen !== undefined) return seen;
    effort.steps += samples.length * MATCHER_STEPS;
    const matcher = new RegExp(`^(?:${atom})$`, 'u');
    const set = samples.reduce(
      (bits, sample, index) => (matcher.test(sample) ? bits | (1n << BigInt(index)) : bits),
      0n,
    );
    sets.set(atom, set);
    return set;
  };

  const alternatives = (list: readonly AST.Alternative[], from: number): number => {
    const end = add();
    for (const { elements } of list) {
      const start = add();
      skip(from, start);
      skip(
        elements.reduce((at, element) => layOut(element, at), start),
        end,
      );
    }
    return end;
  };
  const repeat = ({ element, min, max }: AST.Quantifier, from: number): number => {
    let at = from;
    for (let copy = 0; copy < Math.min(min, MAX_COPIES); copy += 1) at = layOut(element, at);
    const end = add();
    skip(at, end);
    if (max >= ENDLESS) {
      const body = add({ enters: end });
      const again = add({ repeats: end });
      skip(at, body);
      skip(layOut(element, body), again);
      skip(again, body);
      skip(again, end);
      return end;
    }
    for (let copy = 0; copy < max - min; copy += 1) {
      at = layOut(element, at);
      skip(at, end);
    }
    return end;
  };
  const layOut = (element: AST.Element, from: number): number => {
    if (states.length > MAX_STATES) return from;
    switch (element.type) {
      case 'Group':
      case 'CapturingGroup':
        return alternatives(element.alternatives, from);
      case 'Quantifier':
        return repeat(element, from);
      case 'Character': {
        const to = add();
        const at = samples.indexOf(String.fromCodePoint(element.value));
        states[from]?.reads.push({ characters: at < 0 ? 0n : 1n << BigInt(at), to });
        return to;
      }
      case 'CharacterSet':
      case 'CharacterClass': {
        const to = add();
        states[from]?.reads.push({ characters: charactersOf(element.raw), to });
        return to;
      }
      default:
        return from;
    }
  };
  repeat(loop, add());
  return states.length > MAX_STATES ? undefined : states;
}

/** ASCII, one of each kind beyond it, and what the pattern itself names. */
function sampleCharacters(pattern: string): string[] {
  const named = [...pattern].filter((one) => one > '\u007f').slice(0, MAX_SAMPLES);
  return named.length === 0 ? SAMPLES : [...new Set([...SAMPLES, ...named])];
}

const SAMPLES = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCodePoint(code)),
  ...['\u00a0', 'é', 'ß', 'Ж', '中', '\u2028', '\u0300', '😀'],
];

/**
 * A state is in an ambiguous loop when two walkers that start there, read the same characters and part on the way can both
 * come back: then each turn doubles the ways to read.
 */
function hasAmbiguousLoop(states: readonly State[], effort: Effort): boolean {
  const steps = states.map((_, from) => stepsFrom(states, from, effort));
  effort.steps += steps.reduce((sum, list) => sum + list.length, 0);
  const loops = listCycles(steps.keys(), (state) => [...new Set(steps[state]?.map(({ to }) => to))]);
  return loops.some((loop) => walkersPart(steps, loop, effort));
}

interface Step {
  readonly characters: CharacterSet;
  readonly to: number;
}

/** Every character that can be read from a state; one that can be reached in two ways stands there twice. */
function stepsFrom(states: readonly State[], from: number, effort: Effort): Step[] {
  const steps: Step[] = [];
  const ways = new Map<number, number>();
  const visit = (at: number, entered: ReadonlySet<number>) => {
    const state = states[at];
    const count = ways.get(at) ?? 0;
    // Two ways are as bad as any more; and a turn that reads nothing is none: the matcher refuses it.
    if (!state || count === 2 || (state.repeats !== undefined && entered.has(state.repeats))) return;
    ways.set(at, count + 1);
    effort.steps += 1 + entered.size;
    for (const { characters, to } of state.reads) steps.push({ characters, to });
    const inside = state.enters === undefined ? entered : new Set([...entered, state.enters]);
    for (const next of state.skips) visit(next, inside);
  };
  visit(from, new Set());
  return steps;
}

/** Whether a pair (q, r) of different states, or a doubled step, lies on a way from (p, p) back to (p, p) within a loop. */
function walkersPart(steps: readonly Step[][], loop: ReadonlySet<number>, effort: Effort): boolean {
  const inside = steps.map((list) => list.filter(({ to }) => loop.has(to)));
  if ([...loop].some((state) => hasDoubledStep(inside[state] ?? []))) return true;
  const width = steps.length;
  const together = new Set([...loop].map((state) => state * width + state));
  const back = new Map<number, number[]>();
  // One meeting is enough to begin with: together the walkers get from there to every other one.
  const seen = new Set([...together].slice(0, 1));
  let compared = 0;
  for (const pair of seen) {
    // What was walked so far decides: in loops of this size walkers that part meet again at once.
    if (compared > MAX_COMPARED) break;
    const others = inside[pair % width] ?? [];
    for (const one of inside[Math.floor(pair / width)] ?? []) {
      compared += others.length;
      for (const other of others) {
        if ((one.characters & other.characters) === 0n) continue;
        // The order of the two walkers makes no difference.
        const next = Math.min(one.to, other.to) * width + Math.max(one.to, other.to);
        const origins = back.get(next);
        if (origins) origins.push(pair);
        else back.set(next, [pair]);
        seen.add(next);
      }
    }
  }
  effort.steps += compared;
  // Of the pairs that are apart and reachable from a meeting, is there one from which they meet again?
  const meets = new Set(together);
  for (const pair of meets) for (const origin of back.get(pair) ?? []) meets.add(origin);
  return meets.size > together.size;
}

/** Two ways to read one character and be at the same place. */
function hasDoubledStep(steps: readonly Step[]): boolean {
  const read = new Map<number, CharacterSet>();
  for (const { characters, to } of steps) {
    const before = read.get(to) ?? 0n;
    if ((before & characters) !== 0n) return true;
    read.set(to, before | characters);
  }
  return false;
}
