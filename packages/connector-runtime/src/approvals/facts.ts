import type { Fact, ProposedPlan } from '../types/approval.ts';

const MAX_FACTS = 40;
const MAX_VALUE_LENGTH = 300;

/**
 * What a person is told about a plan: what the workflow adds, then every field of the input that will be sent. Nothing is left
 * out silently: what does not fit is counted.
 */
export function factsOf({ planned, facts = [] }: ProposedPlan): readonly Fact[] {
  const all = [...facts, ...flatten(planned.input, '')];
  const shown = all.slice(0, MAX_FACTS).map(({ name, value }) => ({ name: shorten(name), value: shorten(value) }));
  const hidden = all.length - shown.length;
  return hidden === 0 ? shown : [...shown, { name: '…', value: `and ${hidden} more fields` }];
}

function flatten(value: unknown, path: string): Fact[] {
  if (typeof value !== 'object' || value === null) {
    return [{ name: path || 'input', value: typeof value === 'string' ? value : String(value) }];
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return path === '' ? [] : [{ name: path, value: Array.isArray(value) ? '[]' : '{}' }];
  return entries.flatMap(([key, member]) => {
    const step = Array.isArray(value) ? `[${key}]` : path === '' ? key : `.${key}`;
    return flatten(member, `${path}${step}`);
  });
}

function shorten(text: string): string {
  const characters = Array.from(text);
  if (characters.length <= MAX_VALUE_LENGTH) return text;
  return `${characters.slice(0, MAX_VALUE_LENGTH).join('')}… (and ${characters.length - MAX_VALUE_LENGTH} more characters)`;
}
