import { ArtifactError } from '@org/connector-artifact';
import { expect, it } from 'vitest';
import { CliError } from './errors.ts';
import { exitCodeOf } from './exit-code.ts';
import { runCommand } from './run-command.ts';

it.each([
  [new ArtifactError('ARTIFACT_KEY_REVOKED', ''), 1],
  [new ArtifactError('ARTIFACT_UNREADABLE', ''), 1],
  [new CliError('BUILD_MANIFEST_DIFFERS', ''), 1],
  [new CliError('CLI_USAGE', ''), 2],
  [new ArtifactError('ARTIFACT_TRUST_INVALID', ''), 2],
  [new ArtifactError('ARTIFACT_ACCESS_FAILED', ''), 3],
  [new TypeError('a defect'), 3],
  ['not even an error', 3],
])('%s exits with %i', (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

it('reports a defect in one line and without its stack', async () => {
  const printed: string[] = [];
  const terminal = {
    out: (text: string) => printed.push(text),
    err: (text: string) => printed.push(text),
    env: {},
    cwd: '/',
    now: () => new Date(0),
  };
  const code = await runCommand('verify', false, terminal, () => Promise.reject(new TypeError('first\n    at second')));
  expect(code).toBe(3);
  expect(printed).toHaveLength(1);
  expect(printed[0]).toMatch(/^CLI_UNEXPECTED: first;/);
  expect(printed[0]).not.toContain('second');
});
