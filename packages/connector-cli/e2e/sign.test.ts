import { createPrivateKey } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPair } from '@org/connector-artifact';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, cliInFolder, connectorProcess } from './cli-in-folder.ts';
import { newFolder, writeDeskConnector } from './desk-connector.ts';

const PASSPHRASE = 'correct horse battery staple';
const plain = generateKeyPair();
const locked = generateKeyPair({ passphrase: PASSPHRASE });
const der = createPrivateKey(plain.privateKeyPem).export({ type: 'pkcs8', format: 'der' }).toString('base64');

const ENV: Record<string, string> = {
  PASSPHRASE,
  KEY_PEM: plain.privateKeyPem,
  KEY_ONE_LINE: plain.privateKeyPem.trim().replaceAll('\n', '\\n'),
  KEY_BASE64: Buffer.from(plain.privateKeyPem).toString('base64'),
  KEY_DER: der,
  KEY_LOCKED: locked.privateKeyPem,
  KEY_JUNK: 'junk',
  KEY_EMPTY: '',
};

/** A signing command as a KMS client would be: reads what to sign, answers in the given way. */
const SIGNER = `
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
const [, , how, key] = process.argv;
const message = readFileSync(0);
const signature = sign(null, message, createPrivateKey(readFileSync(key)));
writeFileSync('asked', message.subarray(0, 6));
console.error('touch the key');
if (how === 'raw' || how === 'fail') process.stdout.write(signature);
if (how === 'base64') console.log(signature.toString('base64'));
if (how === 'wrong') process.stdout.write(sign(null, Buffer.from('other'), createPrivateKey(readFileSync(key))));
if (how === 'short') process.stdout.write(signature.subarray(1));
if (how === 'flood') for (let i = 0; i < 100; i += 1) process.stdout.write('x'.repeat(10_000));
if (how === 'hang') setInterval(() => {}, 1_000);
if (how === 'fail') process.exitCode = 3;
`;

let folder: string;
let connector: (...args: readonly string[]) => Promise<Answer>;
const command = (how: string) => JSON.stringify([process.execPath, 'signer.mjs', how, 'plain.key.pem']);
const signatures = () => readdir(join(folder, 'artifact/signatures')).catch(() => []);

beforeAll(async () => {
  folder = await newFolder();
  connector = cliInFolder(folder, ENV);
  await writeDeskConnector(folder, 'desk');
  expect((await connector('build', 'desk', '--out', 'built')).status).toBe(0);
  await writeFile(join(folder, 'signer.mjs'), SIGNER);
  for (const [name, pair] of Object.entries({ plain, locked })) {
    await writeFile(join(folder, `${name}.key.pem`), pair.privateKeyPem);
    await writeFile(join(folder, `${name}.pub.pem`), pair.publicKeyPem);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  await rm(join(folder, 'artifact'), { recursive: true, force: true });
  await cp(join(folder, 'built'), join(folder, 'artifact'), { recursive: true });
});

const sign = (...args: readonly string[]) => connector('sign', 'artifact', ...args);

describe('sign, with a key from the environment', () => {
  it.each(['KEY_PEM', 'KEY_ONE_LINE', 'KEY_BASE64', 'KEY_DER'])('takes it as in %s', async (variable) => {
    expect(await sign('--key-env', variable)).toMatchObject({ status: 0, json: { keyIds: [plain.keyId] } });
  });

  it('opens it with a passphrase from the environment, too', async () => {
    expect((await sign('--key-env', 'KEY_LOCKED')).json).toMatchObject({
      error: { code: 'ARTIFACT_PASSPHRASE_WRONG' },
    });
    const answer = await sign('--key-env', 'KEY_LOCKED', '--passphrase-env', 'PASSPHRASE');
    expect(answer).toMatchObject({ status: 0, json: { keyId: locked.keyId } });
  });

  it.each([
    ['KEY_JUNK', 2, 'ARTIFACT_KEY_INVALID'],
    ['KEY_EMPTY', 3, 'CLI_ENV_MISSING'],
  ])('refuses what is in %s, and does not repeat it', async (variable, status, code) => {
    const answer = await sign('--key-env', variable);
    expect(answer).toMatchObject({ status, json: { error: { code } } });
    expect(JSON.stringify(answer)).not.toContain('junk');
  });
});

describe('sign, with a signing command', () => {
  it.each(['raw', 'base64'])('gives it what is signed on stdin and takes its answer as %s', async (how) => {
    const answer = await sign('--key-command', command(how), '--public-key', 'plain.pub.pem');
    expect(answer).toMatchObject({ status: 0, json: { keyIds: [plain.keyId] }, told: ['touch the key'] });
    expect(await readFile(join(folder, 'asked'), 'utf8')).toBe('DSSEv1');
    await connector('trust', 'init', `${how}.json`);
    await connector('trust', 'add-key', `${how}.json`, '--publisher', 'acme', '--key', 'plain.pub.pem');
    await connector('trust', 'allow', `${how}.json`, 'acme-desk', '--publisher', 'acme');
    expect((await connector('verify', 'artifact', '--trust', `${how}.json`)).status).toBe(0);
  });

  it.each([
    ['wrong', 'ARTIFACT_SIGNATURE_INVALID', 1],
    ['short', 'CLI_KEY_COMMAND_FAILED', 3],
    ['flood', 'CLI_KEY_COMMAND_FAILED', 3],
    ['fail', 'CLI_KEY_COMMAND_FAILED', 3],
  ])('writes nothing when its answer is %s', async (how, code, status) => {
    const answer = await sign('--key-command', command(how), '--public-key', 'plain.pub.pem');
    expect(answer).toMatchObject({ status, json: { error: { code } } });
    expect(await signatures()).toEqual([]);
  });

  it('takes it from a file, with its public key and a bound of its time, and ends it then', async () => {
    const argv = [process.execPath, 'signer.mjs'];
    const config = { argv: [...argv, 'raw', 'plain.key.pem'], publicKey: '../plain.pub.pem' };
    await mkdir(join(folder, 'config'), { recursive: true });
    await writeFile(join(folder, 'config/kms.json'), JSON.stringify(config));
    expect((await sign('--key-command', 'config/kms.json')).json).toMatchObject({ keyIds: [plain.keyId] });
    const hanging = { ...config, argv: [...argv, 'hang', 'plain.key.pem'], timeoutSeconds: 0.3 };
    await writeFile(join(folder, 'config/slow.json'), JSON.stringify(hanging));
    expect(await sign('--key-command', 'config/slow.json')).toMatchObject({
      status: 3,
      json: { error: { code: 'CLI_KEY_COMMAND_FAILED' } },
    });
  });

  it.each([
    ['fails', 'process.exit(3)'],
    ['is over its time', 'setInterval(() => {}, 1_000)'],
  ])(
    'ends when the command %s, though what it started floods its pipes',
    async (_, end) => {
      // It ends by itself at last: a test that fails must leave nothing behind.
      const flood = `setInterval(() => process.stdout.write('x'.repeat(10)), 10); setTimeout(() => process.exit(), 30_000);`;
      const script = `
      import { spawn } from 'node:child_process';
      spawn(process.execPath, ['-e', ${JSON.stringify(flood)}], { stdio: 'inherit' }).once('spawn', () => { ${end}; });`;
      await writeFile(join(folder, 'parent.mjs'), script);
      const config = { argv: [process.execPath, 'parent.mjs'], publicKey: 'plain.pub.pem', timeoutSeconds: 2 };
      await writeFile(join(folder, 'flood.json'), JSON.stringify(config));
      expect(await connectorProcess(folder, 'sign', 'artifact', '--key-command', 'flood.json')).toBe(3);
      expect(await signatures()).toEqual([]);
    },
    20_000,
  );

  it('runs no shell', async () => {
    const injected = JSON.stringify(['touch pwned; true', '$(touch pwned)']);
    expect((await sign('--key-command', injected, '--public-key', 'plain.pub.pem')).json).toMatchObject({
      error: { code: 'CLI_KEY_COMMAND_FAILED' },
    });
    expect(await readdir(folder)).not.toContain('pwned');
  });

  it.each([
    ['no key at all', []],
    ['a NUL in the program', ['--key-command', '["a\\u0000b"]', '--public-key', 'plain.pub.pem']],
    ['a NUL in an argument', ['--key-command', '["true", "a\\u0000b"]', '--public-key', 'plain.pub.pem']],
    ['a command without a public key', ['--key-command', '["true"]']],
    ['a public key without a command', ['--key', 'plain.key.pem', '--public-key', 'plain.pub.pem']],
    ['a command that is no list of words', ['--key-command', '[1]', '--public-key', 'plain.pub.pem']],
    ['an empty command', ['--key-command', '[]', '--public-key', 'plain.pub.pem']],
  ])('is wrong use with %s', async (_, args) => {
    expect(await sign(...args)).toMatchObject({ status: 2, json: { error: { code: 'CLI_USAGE' } } });
  });
});

describe('sign, with several keys', () => {
  it('adds a signature of each, of any kind, and counts a key once', async () => {
    const answer = await sign(
      ...[
        '--key',
        'locked.key.pem',
        '--passphrase-env',
        'PASSPHRASE',
        '--key',
        'plain.key.pem',
        '--key-env',
        'KEY_DER',
      ],
    );
    expect(answer.json).toMatchObject({ keyIds: [locked.keyId, plain.keyId] });
    expect(await signatures()).toHaveLength(2);
  });

  it('adds none when one of them fails', async () => {
    expect((await sign('--key', 'plain.key.pem', '--key-env', 'KEY_JUNK')).status).toBe(2);
    const args = ['--key', 'plain.key.pem', '--key-command', command('wrong'), '--public-key', 'locked.pub.pem'];
    expect((await sign(...args)).status).toBe(1);
    expect(await signatures()).toEqual([]);
  });
});

describe('an installed npm package', () => {
  it('is signed, packed, verified and inspected through its package.json, also behind a link', async () => {
    const store = join(folder, 'store/acme-desk');
    await mkdir(join(folder, 'node_modules/@acme'), { recursive: true });
    await cp(join(folder, 'built'), join(store, 'signed-artifact'), { recursive: true });
    const description = { name: '@acme/desk', connector: { artifact: './signed-artifact' } };
    await writeFile(join(store, 'package.json'), JSON.stringify(description));
    await symlink(store, join(folder, 'node_modules/@acme/desk'));
    const place = 'node_modules/@acme/desk';
    expect((await connector('sign', place, '--key', 'plain.key.pem')).status).toBe(0);
    expect(await readdir(join(store, 'signed-artifact/signatures'))).toHaveLength(1);
    const { json } = await connector('inspect', place);
    expect(json).toMatchObject({ id: 'acme-desk', signatures: [{ keyId: plain.keyId }] });
    expect((await connector('pack', place, '--out', 'desk.tgz')).json).toMatchObject({ digest: json.digest });
    await connector('trust', 'init', 'npm.json');
    expect((await connector('verify', place, '--trust', 'npm.json')).json).toMatchObject({
      error: { code: 'ARTIFACT_UNTRUSTED_SIGNER' },
    });
  });
});
