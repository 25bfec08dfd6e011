// What the documentation says must be there: files, scripts, error codes, routes; and its examples must work.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildConnector } from '../packages/connector-cli/src/index.ts';
import { requests } from '../packages/connector-runtime/src/http/admin/requests.ts';
import { verifyPolicyText } from '../packages/connector-runtime/src/policy/verify-policy-text.ts';
import { parseManifest } from '../packages/connector-sdk/src/index.ts';
import { validateManifest } from '../packages/connector-sdk/src/validation/index.ts';

interface Doc {
  readonly path: string;
  readonly text: string;
}

const CODE =
  /\b(?:WEBHOOK|ARTIFACT|POLICY|APPROVAL|ACTION|RUN|HOST|EGRESS|CREDENTIAL|DATABASE|DATA_DIRECTORY|CONFIG)_[A-Z][A-Z_]*[A-Z]\b/g;
const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const docs = globSync(['README.md', 'docs/**/*.md', 'packages/*/README.md', 'examples/*/README.md'], { cwd: root })
  .sort()
  .map((path): Doc => ({ path, text: read(path) }));
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).filter((path) => !/\.(test|fixture)\.ts$/.test(path));
const known = new Set(sources.flatMap((path) => codesIn(read(path))));
const guide = (path: string) => docs.find((doc) => doc.path === path)?.text ?? '';

describe.each(docs.map((doc) => [doc.path, doc] as const))('%s', (_, doc) => {
  it('links to what is there', () => expect(brokenLinks(doc)).toEqual([]));
  it('names npm scripts that exist', () => expect(unknownScripts(doc)).toEqual([]));
  it('has JSON that parses and TypeScript that is TypeScript', () => expect(brokenBlocks(doc)).toEqual([]));
  it('names error codes that the source has', () => expect(unknownCodes(doc)).toEqual([]));
});

it.each<[string, (doc: Doc) => string[], string, string[]]>([
  ['a link', brokenLinks, '[a](./nowhere.md) and [b](https://example.com)', ['./nowhere.md']],
  ['a heading', brokenLinks, '[a](README.md#the-demo) [b](README.md#no-such-part)', ['README.md#no-such-part']],
  ['a script', unknownScripts, 'use `npm run demo`, then `npm run dmeo`', ['dmeo']],
  ['JSON', brokenBlocks, '```json\n{ "a": 1, }\n```\n', ['json: { "a": 1, }']],
  ['TypeScript', brokenBlocks, '```ts title\nconst a: = 1;\n```\n', ['ts: const a: = 1;']],
  ['an error code', unknownCodes, '`WEBHOOK_STALE`, `WEBHOOK_STAIL`, `DATABASE_*`', ['WEBHOOK_STAIL']],
])('notices %s that is wrong', (_, check, text, problems) => {
  expect(check({ path: 'made-up.md', text })).toEqual(problems);
});

describe('the guide for authors', () => {
  it('is a connector that builds, without findings', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'guide-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    for (const { title, text } of blocksOf(guide('docs/guides/authors.md'))) {
      if (!title.includes('.')) continue;
      await mkdir(dirname(join(folder, title)), { recursive: true });
      await writeFile(join(folder, title), text);
    }
    await symlink(join(root, 'packages/connector-servicenow/node_modules'), join(folder, 'node_modules'));
    const { files, manifest } = await buildConnector({ folder, conditions: ['@org/source'] });
    expect(manifest.id).toBe('acme-desk');
    expect(validateManifest(files.get('manifest.json') ?? new Uint8Array())).toEqual([]);
  });
});

describe('the guide for platform teams', () => {
  const blocks = blocksOf(guide('docs/guides/platform.md'));

  it('shows each embedding as its example has it, line by line', () => {
    const shown = blocks.filter(({ title }) => title.startsWith('examples/'));
    expect(new Set(shown.map(({ title }) => title)).size).toBe(5);
    for (const { title, text } of shown) expect(linesMissing(text, read(title)), title).toEqual([]);
    expect(linesMissing('a\nb\nc', 'a\n  c\nb')).toEqual(['c']);
  });

  it('has requests that the admin API takes', () => {
    const bodies = blocks.filter(({ language, title }) => language === 'json' && title !== '');
    expect(bodies.map(({ title }) => title)).toContain('createConnection');
    for (const { title, text } of bodies) {
      const schema = Object.hasOwn(requests, title) ? requests[title as keyof typeof requests] : undefined;
      expect(schema?.safeParse(JSON.parse(text)), title).toMatchObject({ success: true });
    }
  });

  it('has policies that are valid for the connectors here', () => {
    const manifests = globSync('manifests/*.json', { cwd: root }).map((path) => parseManifest(Buffer.from(read(path))));
    const policies = blocks.filter(({ language }) => language === 'cedar');
    expect(policies).not.toEqual([]);
    for (const { text, title } of policies) {
      verifyPolicyText(title === 'workspace' ? { workspace: text } : { tenant: text }, manifests);
    }
  });
});

describe('the security page', () => {
  it('names tests that exist', () => {
    const claims = [...guide('docs/security.md').matchAll(/\["([^"]+)"\]\(([^)]+\.test\.ts)\)/g)];
    expect(claims.length).toBeGreaterThan(20);
    const missing = claims.filter(([, title = '', href = '']) => !read(join('docs', href)).includes(title));
    expect(missing.map(([, title]) => title)).toEqual([]);
  });
});

/** Lines that do not follow in a file, in their order, indented as they may be. */
function linesMissing(shown: string, file: string): string[] {
  const rest = file.split('\n').map((line) => line.trim());
  return shown.split('\n').filter((line) => {
    const at = rest.indexOf(line.trim());
    if (at !== -1) rest.splice(0, at + 1);
    return line.trim() !== '' && at === -1;
  });
}

function brokenLinks({ path, text }: Doc): string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`(?!\]\()/g, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, href = '']) => href);
  return links.filter((href) => !/^[a-z]+:/.test(href) && !isThere(path, href));
}

function isThere(from: string, href: string): boolean {
  const [file = '', fragment] = href.split('#');
  const path = file === '' ? from : normalize(join(dirname(from), file));
  if (!existsSync(join(root, path))) return false;
  return fragment === undefined || headingsOf(read(path)).includes(fragment);
}

/** As GitHub names them. */
function headingsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase());
  return headings.map((heading) => heading.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
}

function unknownScripts({ text }: Doc): string[] {
  const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name);
  return named.filter((name) => !scripts.includes(name));
}

function brokenBlocks({ text }: Doc): string[] {
  const broken = blocksOf(text).filter(({ language, text: code }) => {
    try {
      if (language === 'json') JSON.parse(code);
      if (language === 'ts') stripTypeScriptTypes(code);
      return false;
    } catch {
      return true;
    }
  });
  return broken.map(({ language, text: code }) => `${language}: ${code.split('\n', 1)[0]}`);
}

function unknownCodes({ text }: Doc): string[] {
  return [...new Set(codesIn(text))].filter((code) => !known.has(code));
}

function codesIn(text: string): string[] {
  return text.match(CODE) ?? [];
}

/** Fenced blocks: the first word behind the fence is the language, the second a title of ours. */
function blocksOf(text: string): { language: string; title: string; text: string }[] {
  return [...text.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)].map(([, language = '', title = '', code = '']) => ({
    language,
    title,
    text: code,
  }));
}
