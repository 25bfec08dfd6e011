import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPeople } from './people.ts';
import { tallyVotes, type Vote } from './tally.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const vote = fc.record<Vote>({
  person: fc.constantFrom(...names),
  actor: fc.constantFrom(...names),
  decision: fc.constantFrom('approved', 'denied'),
  rules: fc.subarray(['one', 'two']),
});
const rules = fc.constantFrom(
  [{ name: 'one', needed: 1 }],
  [{ name: 'one', needed: 2 }],
  [
    { name: 'one', needed: 3 },
    { name: 'two', needed: 2 },
  ],
);

describe('a tally', () => {
  it('approves with enough different people under one rule, and never beside a no', () => {
    fc.assert(
      fc.property(fc.array(vote, { maxLength: 12 }), rules, (votes, asked) => {
        const { outcome } = tallyVotes(votes, asked);
        const counting = votes.filter(({ rules: under }) => under.length > 0);
        const people = (name: string) =>
          new Set(
            votes.filter((one) => one.decision === 'approved' && one.rules.includes(name)).map((one) => one.person),
          );
        const isDenied = counting.some(({ decision }) => decision === 'denied');
        const isMet = asked.some(({ name, needed }) => people(name).size >= needed);
        expect(outcome).toBe(isDenied ? 'denied' : isMet ? 'approved' : undefined);
      }),
    );
  });

  it('does not depend on the order of the words', () => {
    fc.assert(
      fc.property(fc.array(vote, { maxLength: 12 }), rules, (votes, asked) => {
        expect(tallyVotes(votes.toReversed(), asked).outcome).toBe(tallyVotes(votes, asked).outcome);
      }),
    );
  });
});

describe('people', () => {
  it('are one where lists share a name, and nobody is guessed to be', () => {
    const people = createPeople([
      ['slack:T1/U1', 'token:anna'],
      ['token:anna', 'admin:anna'],
    ]);
    expect(people.personOf('admin:anna')).toBe(people.personOf('slack:T1/U1'));
    expect(people.namesOf('slack:T1/U1')).toHaveLength(3);
    expect(people.personOf('slack:T1/U2')).toBe('slack:T1/U2');
  });
});
