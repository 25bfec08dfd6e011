import { appendFile, chmod, cp, lstat, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPair } from '@org/connector-artifact';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, cliInFolder, connectorProcess } from './cli-in-folder.ts';
import { newFolder, writeDeskConnector } from './desk-connector.ts';

const pairs = { first: generateKeyPair(), second: generateKeyPair(), third: generateKeyPair() };
const START = Date.parse('2026-06-01T12:00:00.000Z');
const DAY_MS = 86_400_000;

let folder: string;
let now = START;
let connector: (...args: readonly string[]) => Promise<Answer>;

beforeAll(async () => {
  folder = await newFolder();
  connector = cliInFolder(folder, {}, () => new Date(now));
  await writeDeskConnector(folder, 'desk');
  await connector('build', 'desk', '--out', 'built');
  for (const [name, { privateKeyPem, publicKeyPem }] of Object.entries(pairs)) {
    await writeFile(join(folder, `${name}.key.pem`), privateKeyPem);
    await writeFile(join(folder, `${name}.pub.pem`), publicKeyPem);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  now = START;
  await rm(join(folder, 'artifact'), { recursive: true, force: true });
  await cp(join(folder, 'built'), join(folder, 'artifact'), { recursive: true });
  await rm(join(folder, 'trust.json'), { force: true });
  await trust('init', 'trust.json');
  await trust('add-key', 'trust.json', '--publisher', 'acme', '--key', 'first.pub.pem');
  await trust('allow', 'trust.json', 'acme-desk', '--publisher', 'acme');
  await connector('sign', 'artifact', '--key', 'first.key.pem');
});

const trust = (...args: readonly string[]) => connector('trust', ...args);
const edit = (...args: readonly string[]) => trust(...args, '--publisher', 'acme');
const check = (...args: readonly string[]) => trust('check', 'trust.json', 'artifact', ...args);
const policy = async () => JSON.parse(await readFile(join(folder, 'trust.json'), 'utf8'));

describe('trust check', () => {
  it('says that an artifact would be taken, and by which signatures', async () => {
    await connector('sign', 'artifact', '--key', 'second.key.pem');
    const answer = await check();
    expect(answer).toMatchObject({
      status: 0,
      json: { ok: true, id: 'acme-desk', version: '1.4.0', publisher: 'acme' },
    });
    expect(answer.json.signatures).toEqual(
      expect.arrayContaining([
        { keyId: pairs.first.keyId, publisher: 'acme', counts: true, signedAt: new Date(START).toISOString() },
        expect.objectContaining({ keyId: pairs.second.keyId, counts: false, code: 'ARTIFACT_UNTRUSTED_SIGNER' }),
      ]),
    );
    expect((await trust('check', 'artifact', '--trust', 'trust.json')).status).toBe(0);
  });

  it.each<[string, string, readonly (readonly string[])[]]>([
    [
      'it is revoked',
      'ARTIFACT_KEY_REVOKED',
      [['revoke-key', 'trust.json', '--key', 'first.pub.pem', '--reason', 'lost']],
    ],
    ['it is not allowed', 'ARTIFACT_NOT_ALLOWED', [['disallow', 'trust.json', 'acme-desk', '--publisher', 'acme']]],
    [
      'too few keys signed',
      'ARTIFACT_THRESHOLD_NOT_MET',
      [
        ['add-key', 'trust.json', '--publisher', 'acme', '--key', 'second.pub.pem'],
        ['threshold', 'trust.json', '2', '--publisher', 'acme'],
      ],
    ],
    [
      'the version is too old',
      'ARTIFACT_VERSION_TOO_OLD',
      [['minimum-version', 'trust.json', 'acme-desk', '1.4.1', '--publisher', 'acme']],
    ],
    ['the policy has ended', 'ARTIFACT_TRUST_EXPIRED', [['valid-until', 'trust.json', '2026-06-01T12:00:00Z']]],
  ])('says so and ends with 1 when %s', async (_, code, edits) => {
    for (const args of edits) expect(await trust(...args)).toMatchObject({ status: 0 });
    expect(await check()).toMatchObject({ status: 1, json: { ok: false, error: { code } } });
    expect(await connector('verify', 'artifact', '--trust', 'trust.json')).toMatchObject({
      status: 1,
      json: { error: { code } },
    });
  });

  it('tells of each signature what it is worth, also when the first one already decides', async () => {
    await connector('sign', 'artifact', '--key', 'second.key.pem', '--key', 'third.key.pem');
    await edit('add-key', 'trust.json', '--key', 'second.pub.pem', '--valid-until', '2026-06-01T12:00:00Z');
    await trust('add-key', 'trust.json', '--publisher', 'other', '--key', 'third.pub.pem');
    await trust('revoke-key', 'trust.json', '--key-id', pairs.first.keyId.slice(0, 12), '--reason', 'stolen');
    const { status, json } = await check();
    const codes = new Map(
      (json.signatures as { keyId: string; code?: string }[]).map(({ keyId, code }) => [keyId, code]),
    );
    expect(status).toBe(1);
    expect(codes.get(pairs.first.keyId)).toBe('ARTIFACT_KEY_REVOKED');
    expect(codes.get(pairs.second.keyId)).toBe('ARTIFACT_KEY_EXPIRED');
    expect(codes.get(pairs.third.keyId)).toBe('ARTIFACT_PUBLISHER_MISMATCH');
    await appendFile(join(folder, 'artifact/connector.mjs'), ' ');
    const changed = await check();
    expect(changed.json.signatures).toHaveLength(3);
  });

  it('names the file that was changed', async () => {
    await appendFile(join(folder, 'artifact/connector.mjs'), ' ');
    expect(await check()).toMatchObject({
      status: 1,
      json: {
        error: { code: 'ARTIFACT_MODIFIED', details: { file: 'connector.mjs' } },
        signatures: [{ counts: false, code: 'ARTIFACT_MODIFIED' }],
      },
    });
  });

  it('knows what is new from what is enabled already', async () => {
    await edit('add-key', 'trust.json', '--key', 'second.pub.pem', '--valid-until', '2026-07-01T00:00:00Z');
    await rm(join(folder, 'artifact/signatures'), { recursive: true });
    await connector('sign', 'artifact', '--key', 'second.key.pem');
    expect((await check()).status).toBe(0);
    now = START + 60 * DAY_MS;
    expect(await check()).toMatchObject({ status: 1, json: { error: { code: 'ARTIFACT_KEY_EXPIRED' } } });
    expect((await check('--purpose', 'load')).status).toBe(0);
    expect((await connector('verify', 'artifact', '--trust', 'trust.json', '--purpose', 'load')).status).toBe(0);
    expect((await check('--purpose', 'both')).json).toMatchObject({ error: { code: 'CLI_USAGE' } });
  });
});

describe('an edit of a trust policy', () => {
  it('counts, is spelt in one way, and writes nothing when it changes nothing', async () => {
    expect((await policy()).serial).toBe(3);
    await edit('allow', 'trust.json', 'acme-zoo', 'acme-bar');
    const once = await readFile(join(folder, 'trust.json'), 'utf8');
    expect(JSON.parse(once)).toMatchObject({
      serial: 4,
      publishers: { acme: { allow: ['acme-bar', 'acme-desk', 'acme-zoo'] } },
    });
    await edit('allow', 'trust.json', 'acme-bar', 'acme-zoo');
    expect(await readFile(join(folder, 'trust.json'), 'utf8')).toBe(once);
    const shuffled = JSON.parse(once);
    shuffled.publishers.acme.allow.reverse();
    await writeFile(join(folder, 'trust.json'), JSON.stringify(shuffled));
    await edit('disallow', 'trust.json', 'acme-zoo');
    await edit('allow', 'trust.json', 'acme-zoo');
    expect(await readFile(join(folder, 'trust.json'), 'utf8')).toBe(once.replace('"serial": 4', '"serial": 6'));
  });

  it('keeps the first reason and time of a revocation', async () => {
    await trust(
      'revoke-key',
      'trust.json',
      '--key',
      'first.pub.pem',
      '--reason',
      'stolen',
      '--at',
      '2026-05-01T00:00:00Z',
    );
    const answer = await trust('revoke-key', 'trust.json', '--key', 'first.pub.pem', '--reason', 'other');
    expect(answer).toMatchObject({ status: 0, json: { revoked: { at: '2026-05-01T00:00:00Z', reason: 'stolen' } } });
    expect(answer.told.join()).toContain('acme has 0 keys left');
    expect((await trust('show', 'trust.json')).status).toBe(0);
  });

  it.each<[string, readonly string[], string]>([
    [
      'a prefix that reaches into another publisher',
      ['allow', 'trust.json', 'acme-*', '--publisher', 'other'],
      'ARTIFACT_TRUST_INVALID',
    ],
    ['an id that is none', ['allow', 'trust.json', '*', '--publisher', 'acme'], 'ARTIFACT_TRUST_INVALID'],
    [
      'a threshold that no keys can reach',
      ['threshold', 'trust.json', '2', '--publisher', 'acme'],
      'ARTIFACT_TRUST_INVALID',
    ],
    [
      'a threshold that is no number',
      ['threshold', 'trust.json', 'two', '--publisher', 'acme'],
      'ARTIFACT_TRUST_INVALID',
    ],
    [
      'a version that is none',
      ['minimum-version', 'trust.json', 'acme-desk', '1', '--publisher', 'acme'],
      'ARTIFACT_TRUST_INVALID',
    ],
    ['a time that is none', ['valid-until', 'trust.json', 'tomorrow'], 'ARTIFACT_TRUST_INVALID'],
    [
      'a key that is there',
      ['add-key', 'trust.json', '--publisher', 'acme', '--key', 'first.pub.pem'],
      'ARTIFACT_TRUST_INVALID',
    ],
    ['a revocation without a key', ['revoke-key', 'trust.json', '--reason', 'x'], 'CLI_USAGE'],
    [
      'a revocation of an unknown key',
      ['revoke-key', 'trust.json', '--key', 'third.pub.pem', '--reason', 'x'],
      'CLI_USAGE',
    ],
    [
      'a key id that is too short',
      ['revoke-key', 'trust.json', '--key-id', pairs.first.keyId.slice(0, 7), '--reason', 'x'],
      'CLI_USAGE',
    ],
    ['a revocation without a reason', ['revoke-key', 'trust.json', '--key', 'first.pub.pem'], 'CLI_USAGE'],
    [
      'a publisher that is no name',
      ['add-key', 'trust.json', '--publisher', '__proto__', '--key', 'third.pub.pem'],
      'ARTIFACT_TRUST_INVALID',
    ],
    ['what is not allowed anyway', ['disallow', 'trust.json', 'acme-zoo', '--publisher', 'acme'], 'CLI_USAGE'],
    ['a publisher that is not there', ['threshold', 'trust.json', '1', '--publisher', 'constructor'], 'CLI_USAGE'],
  ])('leaves the policy as it is for %s', async (_, args, code) => {
    await trust('add-key', 'trust.json', '--publisher', 'other', '--key', 'second.pub.pem');
    const before = await readFile(join(folder, 'trust.json'), 'utf8');
    expect(await trust(...args)).toMatchObject({ status: 2, json: { error: { code } } });
    expect(await readFile(join(folder, 'trust.json'), 'utf8')).toBe(before);
    expect(await readdir(folder)).not.toContain('trust.json.lock');
  });

  it('hands a connector over by its very id', async () => {
    await trust('add-key', 'trust.json', '--publisher', 'other', '--key', 'second.pub.pem');
    expect((await trust('allow', 'trust.json', 'acme-desk', '--publisher', 'other')).status).toBe(0);
  });

  it('reaches the policy behind a link, and keeps who may read it', async () => {
    await chmod(join(folder, 'trust.json'), 0o640);
    await rm(join(folder, 'current.json'), { force: true });
    await symlink('trust.json', join(folder, 'current.json'));
    const answer = await trust('revoke-key', 'current.json', '--key', 'first.pub.pem', '--reason', 'stolen');
    expect(answer.status).toBe(0);
    expect((await lstat(join(folder, 'current.json'))).isSymbolicLink()).toBe(true);
    expect((await policy()).publishers.acme.keys).toMatchObject([{ revoked: { reason: 'stolen' } }]);
    expect((await stat(join(folder, 'trust.json'))).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).not.toContain('trust.json.lock');
  });

  it('is not lost to another one at the same time', async () => {
    const ids = Array.from({ length: 6 }, (_, index) => `acme-${index}`);
    const statuses = await Promise.all(
      ids.map((id) => connectorProcess(folder, 'trust', 'allow', 'trust.json', id, '--publisher', 'acme')),
    );
    expect(statuses).toEqual(ids.map(() => 0));
    expect(await policy()).toMatchObject({
      serial: 3 + ids.length,
      publishers: { acme: { allow: [...ids, 'acme-desk'] } },
    });
  });
});
