import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { manifestSchema } from '@org/connector-sdk';
import { expect, it } from 'vitest';
import { oauthManifest } from '../test-oauth-bench.ts';

const page = resolve(import.meta.dirname, '../../../../docs/security.md');

it('names tests that exist, for every section of RFC 9700 that is for clients', () => {
  const table = readFileSync(page, 'utf8').split('## RFC 9700')[1] ?? '';
  const claims = [...table.matchAll(/\["([^"]+)"\]\(([^)]+\.test\.ts)\)/g)];
  const missing = claims.filter(([, title = '', href = '']) => {
    const file = join(dirname(page), href);
    return !existsSync(file) || !readFileSync(file, 'utf8').includes(title);
  });
  expect(missing.map(([, title]) => title)).toEqual([]);
  for (const section of [
    '2.1',
    '2.1.1',
    '2.1.2',
    '2.2.1',
    '2.2.2',
    '2.3',
    '2.4',
    '2.5',
    '2.6',
    '4.4',
    '4.5',
    '4.7',
    '4.12',
  ]) {
    expect(table).toMatch(new RegExp(`^\\|[^|]*(?<![\\d.])${section.replaceAll('.', '\\.')}(?![\\d.])`, 'm'));
  }
});

it('refuses a grant that the manifest does not know', () => {
  const manifest = oauthManifest({ grants: ['password' as 'refresh_token'] });
  expect(manifestSchema.safeParse(manifest).success).toBe(false);
  expect(manifestSchema.safeParse(oauthManifest()).success).toBe(true);
});
