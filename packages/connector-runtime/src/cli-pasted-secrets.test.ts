import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
const SECRET = 'pasted-secret-canary';

function run(args: readonly string[]): Promise<{ code: unknown; shown: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, ADMIN_TOKEN: 'x'.repeat(40) };
    execFile(process.execPath, ['--conditions=@org/source', cli, ...args], { env }, (error, out, err) => {
      resolve({ code: error?.code, shown: out + err });
    });
  });
}

const url = ['--url', 'http://127.0.0.1:1', '--tenant', '019ab000-0000-7000-8000-000000000000'];

// It is in the history of that shell already: at least it does not get into the log of a pipeline.
it.each([
  ['the token where its variable belongs', ['connection', 'list', ...url, '--token-env', SECRET]],
  [
    'the secrets where their file belongs',
    ['connection', 'rotate', 'x', ...url, '--secrets', JSON.stringify({ clientSecret: SECRET })],
  ],
  ['a secret where its file belongs', ['endpoint', 'rotate-secret', 'x', ...url, '--secret', SECRET]],
  ['a secret without its name', ['connection', 'rotate', 'x', ...url, '--secret-ref', SECRET]],
])('%s is not repeated', async (_, args) => {
  const { code, shown } = await run(args);
  expect(code).toBe(2);
  expect(shown).not.toContain(SECRET);
});
