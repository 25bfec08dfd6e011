import { rules } from '@org/connector-sdk/validation';
import { expect, it } from 'vitest';
import { runInProcess } from '../test-command.ts';

it('prints the page of a rule, and lists them all', async () => {
  const page = await runInProcess('/', ['explain', 'scope-unused']);
  expect(page.status).toBe(0);
  expect(page.stdout).toMatch(/^# scope-unused\n/);
  const list = await runInProcess('/', ['explain']);
  expect(list.stdout.trimEnd().split('\n')).toHaveLength(rules.length);
});

it('gives the same as one JSON document', async () => {
  const list = JSON.parse((await runInProcess('/', ['explain', '--json'])).stdout);
  expect(list.rules.map(({ id }: { id: string }) => id)).toEqual(rules.map(({ id }) => id));
  const one = JSON.parse((await runInProcess('/', ['explain', 'scope-unused', '--json'])).stdout);
  expect(one.rule).toMatchObject({ id: 'scope-unused', severity: 'error', docs: 'docs/rules/scope-unused.md' });
});

it('knows no other rule', async () => {
  const { status, stdout, stderr } = await runInProcess('/', ['explain', 'scope-unsued']);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^RULE_UNKNOWN: .*scope-unused/);
});
