import { readdirSync, readFileSync } from 'node:fs';
import { type Manifest, parseManifest } from '@org/connector-sdk';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { connectorPage } from './connector-page.ts';

const ROOT = new URL('../../../../', import.meta.url);
const IDS = readdirSync(new URL('manifests/', ROOT)).map((name) => name.replace('.json', ''));
const EVIL =
  '</td><script>alert(1)</script> [x](https://evil.example) ![p](//evil.example) | `` @team\n\n# Own heading';

function readManifest(id: string): Manifest {
  return parseManifest(readFileSync(new URL(`manifests/${id}.json`, ROOT)));
}

/** Every text in a value that a reader could be shown, replaced; what the manifest's schema restricts stays. */
function poison(value: unknown, key = ''): unknown {
  if (Array.isArray(value))
    return value.map((entry) => (key === 'provider' || key === 'examples' ? EVIL : poison(entry)));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [poisonName(key, name), poison(inner, name)]),
    );
  }
  return typeof value === 'string' && ['title', 'description', 'pattern', 'format', 'default'].includes(key)
    ? EVIL
    : value;
}

function poisonName(holder: string, name: string): string {
  return holder === 'properties' ? `${name}${EVIL}` : name;
}

describe('connectorPage', () => {
  it.each(IDS)('makes the committed page of %s, whatever the order of members', (id) => {
    const manifest = readManifest(id);
    const reordered: Manifest = JSON.parse(JSON.stringify(manifest, (_, value: unknown) => reverse(value)));
    const page = readFileSync(new URL(`docs/connectors/${id}.md`, ROOT), 'utf8');
    expect(connectorPage(manifest)).toBe(page);
    expect(connectorPage(reordered)).toBe(page);
  });

  it.each(IDS)('links to headings that are there, in the page of %s', (id) => {
    const html = marked.parse(connectorPage(readManifest(id)), { async: false });
    const targets = [...html.matchAll(/<a href="([^"]*)"/g)].map(([, href]) => href);
    const headings = [...html.matchAll(/<h3>(.*?)<\/h3>/g)].map(([, text = '']) => slug(text));
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) expect(headings.map((heading) => `#${heading}`)).toContain(target);
  });

  it.each(IDS)('lets no text of the manifest of %s be anything but text', (id) => {
    const manifest = readManifest(id);
    const poisoned: Manifest = JSON.parse(JSON.stringify(poison(manifest)));
    const [page, html] = [connectorPage(poisoned), marked.parse(connectorPage(poisoned), { async: false })];
    const headings = (text: string) => text.match(/^#+ /gm)?.length;
    expect(html).not.toMatch(/<script|<img|<a href="(?!#)/);
    expect(headings(page)).toBe(headings(connectorPage(manifest)));
    const rows = (text: string) => text.match(/<tr>/g)?.length;
    expect(rows(html)).toBe(rows(marked.parse(connectorPage(manifest), { async: false })));
  });
});

/** As GitHub makes the anchor of a heading. */
function slug(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}

function reverse(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).reverse());
}
