// What fixtures/README.md promises of the files beside it: all are listed, all parse, none holds a secret or a real host.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '../fixtures');
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  // Manifests that are broken on purpose: a test of the rules holds them to their golden results.
  .filter((path) => !path.startsWith('manifests'))
  .sort();
const read = (path: string) => readFileSync(join(folder, path), 'utf8');

/** Pages that fixtures name as their source, the host in the body that Slack signed for its documentation, and those of the SARIF schema. */
const publishedHosts = [
  'docs.slack.dev',
  'docs.github.com',
  'github.com',
  'hooks.slack.com',
  'docs.oasis-open.org',
  'www.oasis-open.org',
  'json-schema.org',
];
const liveTokens: Readonly<Record<string, RegExp>> = {
  'GitHub token': /\b(?:gh[a-z]_|github_pat_)\w{16,}/,
  'Slack token': /\bx(?:ox[a-z]|app)-[\w-]{8,}/,
  'JSON web token': /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/,
  'private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  'bearer token': /\bBearer\s+[\w~+/.=-]{24,}/i,
};

describe('fixtures/', () => {
  it('has examples of each kind', () => {
    const folders = new Set(files.filter((path) => path.endsWith('.json')).map((path) => path.split('/')[0]));
    expect([...folders]).toEqual(['sarif', 'servicenow', 'webhooks']);
  });

  it('is listed in its README, no file more or less', () => {
    expect(listedIn(read('README.md'))).toEqual(files.filter((path) => path !== 'README.md'));
  });

  it.each(files.filter((path) => path.endsWith('.md')))('%s links to what is there', (path) => {
    const links = linksIn(read(path)).filter((href) => !/^[a-z]+:/.test(href));
    expect(links).not.toEqual([]);
    expect(links.filter((href) => !existsSync(join(folder, dirname(path), href)))).toEqual([]);
  });

  it.each(files)('%s parses and holds nothing that is secret or real', (path) => {
    expect(problemsOf(path, read(path))).toEqual([]);
  });
});

describe('the check', () => {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  // Put together here, so that this file holds nothing that looks live either.
  const planted: [string, string][] = [
    ['GitHub token', ['ghp', 'a1B2'.repeat(9)].join('_')],
    ['GitHub token', ['ghs', 'a1B2'.repeat(9)].join('_')],
    ['GitHub token', ['github', 'pat', 'a1B2'.repeat(9)].join('_')],
    ['Slack token', ['xoxb', '123456789012', 'abcdef'].join('-')],
    ['Slack token', ['xapp', '1', 'A0123456789', 'abcdef'].join('-')],
    ['JSON web token', [encoded({ alg: 'none' }), encoded({ sub: 'someone' }), 'c2lnbmVk'].join('.')],
    ['private key', ['-----BEGIN', 'RSA PRIVATE KEY-----'].join(' ')],
    ['private key', ['-----BEGIN', 'PRIVATE KEY-----'].join(' ')],
    ['bearer token', ['Bearer', 'a1B2c3D4'.repeat(3)].join(' ')],
    ['host dev12345.service-now.com', 'https://dev12345.service-now.com/api'],
    ['host example.com.evil.net', 'https://example.com.evil.net'],
    ['mail address', 'jane.doe@corp.test'],
  ];

  it.each(planted)('notices a planted %s', (kind, secret) => {
    expect(problemsOf('planted.json', JSON.stringify({ deep: [{ value: `x ${secret} y` }] }))).toEqual([kind]);
    expect(problemsOf('planted.md', `x ${secret}\n`)).toEqual([kind]);
  });

  it('notices one that is hidden in percent-encoding or in JSON escapes', () => {
    const token = ['ghp', 'a1B2'.repeat(9)].join('_');
    const escaped = `{"value":"${token.replace('_', '\\u005f')}"}`;
    expect(problemsOf('planted.json', escaped)).toEqual(['GitHub token']);
    expect(problemsOf('planted.json', JSON.stringify({ form: token.replace('_', '%5F') }))).toEqual(['GitHub token']);
  });

  it('notices JSON that does not parse', () => {
    expect(problemsOf('planted.json', '{ "a": 1, }')).toEqual(['not JSON']);
  });

  it('lets placeholders pass', () => {
    const placeholders = {
      authorization: 'Bearer <access token>',
      link: 'https://instance.example.com/x',
      to: 'a@example.com',
    };
    expect(problemsOf('placeholder.json', JSON.stringify(placeholders))).toEqual([]);
  });

  it('finds the files that a README lists', () => {
    expect(listedIn('[`b`](b/c.json) [a](a.md) [up](../x.json) [web](https://example.com/d.json)')).toEqual([
      'a.md',
      'b/c.json',
    ]);
  });
});

function listedIn(text: string): string[] {
  return [...new Set(linksIn(text).filter((href) => !/^(?:[a-z]+:|\.\.\/)/.test(href)))].sort();
}

function linksIn(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s#]+)/g)].map(([, href = '']) => href);
}

function problemsOf(path: string, text: string): string[] {
  const isJson = path.endsWith('.json');
  const plain = isJson ? parsedText(text) : text;
  if (plain === undefined) return ['not JSON'];
  const readings = [text, plain, percentDecoded(plain)];
  const found = readings.flatMap((reading) => [...tokensIn(reading), ...hostsIn(reading), ...addressesIn(reading)]);
  return [...new Set(found)];
}

function tokensIn(text: string): string[] {
  return Object.keys(liveTokens).filter((kind) => liveTokens[kind]?.test(text));
}

function hostsIn(text: string): string[] {
  const hosts = [...text.matchAll(/\bhttps?:\/\/([\w.-]+)/g)].map(([, host = '']) => host);
  const isAllowed = (host: string) => /(?:^|\.)example\.com$/.test(host) || publishedHosts.includes(host);
  return hosts.filter((host) => !isAllowed(host)).map((host) => `host ${host}`);
}

function addressesIn(text: string): string[] {
  const domains = [...text.matchAll(/[\w.+-]+@([\w-]+(?:\.[\w-]+)+)/g)].map(([, domain = '']) => domain);
  return domains.some((domain) => domain !== 'example.com') ? ['mail address'] : [];
}

/** The texts in the JSON as they read once parsed; undefined when it does not parse. */
function parsedText(text: string): string | undefined {
  const texts: string[] = [];
  try {
    JSON.parse(text, (key: string, value: unknown) => {
      texts.push(key, ...(typeof value === 'string' ? [value] : []));
      return value;
    });
  } catch {
    return undefined;
  }
  return texts.join('\n');
}

function percentDecoded(text: string): string {
  return text.replaceAll(/%[0-9A-Fa-f]{2}/g, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}
