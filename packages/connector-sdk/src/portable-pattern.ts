import { RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';
import { type SchemaPlace, unrepresentable } from './schema-place.ts';

/**
 * The source of an expression as a `pattern`. Validators of JSON Schema read patterns as Unicode expressions without flags,
 * so one that would match other text so is refused.
 *
 * @throws SdkError `SCHEMA_UNREPRESENTABLE`
 */
export function portablePattern({ source, flags }: RegExp, place: SchemaPlace): string {
  const written = `/${source}/${flags}`;
  if (flags === 'u') return source;
  if (flags !== '') {
    throw unrepresentable(place, `${written} has flags, and a pattern has none: use no flag but u ([Aa] instead of i)`);
  }
  try {
    new RegExp(source, 'u');
  } catch (cause) {
    throw unrepresentable(
      place,
      `${written} is no Unicode expression: add the flag u, and mend what it then refuses`,
      cause,
    );
  }
  if (/(?<!\\)(?:\\\\)*\\[upP]\{/.test(source) || readsHalfCharacters(source)) {
    throw unrepresentable(place, `${written} reads some characters otherwise as a Unicode expression: add the flag u`);
  }
  return source;
}

/**
 * Without the flag `u`, characters outside the basic plane are two. That shows where "anything but …" is counted, where half a
 * character is named, and where an assertion may stand between the halves. `[^x]*` is the same text either way.
 */
function readsHalfCharacters(source: string): boolean {
  let found = false;
  visitRegExpAST(new RegExpParser().parsePattern(source, 0, source.length, false), {
    onCharacterEnter({ value }) {
      if (value >= 0xd800 && value <= 0xdfff) found = true;
    },
    onCharacterSetEnter(set) {
      const everything = set.kind === 'any' || ('negate' in set && set.negate);
      const repeated = set.parent.type === 'CharacterClass' ? set.parent.parent : set.parent;
      if (everything && !isStar(repeated)) found = true;
    },
    onCharacterClassEnter({ negate, parent }) {
      if (negate && !isStar(parent)) found = true;
    },
    onAssertionEnter(assertion) {
      if (assertion.kind === 'lookbehind') found = true;
      if (assertion.kind === 'word' && assertion.negate) found = true;
      if (assertion.kind === 'lookahead' && assertion.negate && !source.startsWith('^')) found = true;
    },
  });
  return found;
}

function isStar(node: { readonly type: string; readonly min?: number; readonly max?: number }): boolean {
  return node.type === 'Quantifier' && node.min === 0 && node.max === Number.POSITIVE_INFINITY;
}
