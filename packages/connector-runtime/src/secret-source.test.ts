import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readSecretSource } from './secret-source.ts';

let folder: string;
const refused = expect.objectContaining({ code: 'CONFIG_INVALID' });
const file = () => join(folder, 'secret');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secret-source-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllEnvs());

describe("a secret of the deployment's own", () => {
  it.each([0o600, 0o400])('is read from a file of mode %o', async (mode) => {
    await writeFile(file(), 'a-secret\n', { mode: 0o600 });
    await chmod(file(), mode);
    expect((await readSecretSource({ file: file() })).reveal()).toBe('a-secret');
  });

  it.each([0o644, 0o640, 0o604, 0o660, 0o666, 0o777])('is refused in a file of mode %o', async (mode) => {
    await writeFile(file(), 'a-secret\n', { mode: 0o600 });
    await chmod(file(), mode);
    const error: unknown = await readSecretSource({ file: file() }).catch((reason: unknown) => reason);
    expect(error).toEqual(refused);
    expect(String(error)).not.toContain('a-secret');
  });

  it('is refused when the file is not there, a folder, empty, or far too large', async () => {
    await expect(readSecretSource({ file: join(folder, 'none') })).rejects.toEqual(refused);
    await expect(readSecretSource({ file: folder })).rejects.toEqual(refused);
    for (const text of ['', '\n', 'x'.repeat(65_537)]) {
      await writeFile(file(), text, { mode: 0o600 });
      await chmod(file(), 0o600);
      await expect(readSecretSource({ file: file() })).rejects.toEqual(refused);
    }
  });

  it('is read from the environment, and refused when it is not there', async () => {
    vi.stubEnv('A_SECRET_OF_THE_TEST', 'from-env');
    expect((await readSecretSource({ env: 'A_SECRET_OF_THE_TEST' })).reveal()).toBe('from-env');
    await expect(readSecretSource({ env: 'NO_SECRET_OF_THE_TEST' })).rejects.toEqual(refused);
  });
});
