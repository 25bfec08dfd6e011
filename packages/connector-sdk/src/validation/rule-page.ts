import { type FragmentExample, type Json, type Rule, severityIn, type TextExample } from './rule.ts';

/** Where the page of a rule is in the repository: what a report links to. */
export function rulePath(id: string): string {
  return `docs/rules/${id}.md`;
}

/** The documentation of a rule, in Markdown. */
export function rulePage(rule: Rule): string {
  const severity = (profile: 'pr' | 'release') => severityIn(rule, profile) ?? 'silent';
  return [
    `# ${rule.id}`,
    `**${rule.title}.**`,
    [
      '| `--profile pr` | `--profile release` | `--fix` |',
      '| --- | --- | --- |',
      `| ${severity('pr')} | ${severity('release')} | ${describeRepair(rule)} |`,
    ].join('\n'),
    `## Why it matters\n\n${rule.why}`,
    `## How to fix it\n\n${rule.fix}`,
    ...('at' in rule.example ? fragments(rule.example) : texts(rule.example)),
    ...('codes' in rule
      ? ['This rule is about structure: it can not be ignored, and while it finds something no other rule runs.']
      : []),
  ].join('\n\n');
}

function describeRepair(rule: Rule): string {
  if (!rule.repair) return 'no';
  return 'codes' in rule ? 'where only one reading is possible' : 'yes';
}

function fragments({ at, bad, good, found, previous }: FragmentExample): string[] {
  return [
    '## Example',
    ...(previous === undefined ? [] : [`In the last release, at \`${at}\`:`, block(previous)]),
    `Wrong, at \`${at}\` (found at \`${found || '(top)'}\`):`,
    block(bad),
    'Right:',
    block(good),
  ];
}

function texts({ badText, goodText }: TextExample): string[] {
  return ['## Example', 'Wrong:', fence('text', visible(badText)), 'Right:', fence('text', visible(goodText))];
}

function block(value: Json | undefined): string {
  return value === undefined ? '*(not there)*' : fence('json', JSON.stringify(value, null, 2));
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** Characters that a page would swallow, such as a byte-order mark. */
function visible(text: string): string {
  return text.replaceAll(/[^\n\x20-\x7e]/gu, (character) => `<U+${hex(character)}>`);
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
