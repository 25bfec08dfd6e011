import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Report } from '../src/report.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

function demo(
  ...flags: string[]
): Promise<{ code: number | string | null | undefined; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...flags], { maxBuffer: 1e8 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

async function report(...flags: string[]): Promise<Report> {
  const { code, stdout, stderr } = await demo('--json', ...flags);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Report;
}

it('approved: the incident is updated once, whatever was sent twice or forged', async () => {
  const told = await report();
  expect(told).toMatchObject({
    ok: true,
    problems: [],
    run: { status: 'completed' },
    approval: { decision: 'approved' },
    effects: { servicenowWrites: 3, slackPosts: 2, slackUpdates: 1 },
    deliveries: { duplicates: 2, rejected: 4, rejectedAudited: 4 },
    incident: { after: { priority: '2', workNotes: 1 } },
    audit: { verified: true },
  });
  expect(told.refused.map(({ case: which, code }) => [which, code])).toEqual([
    ['unsigned', 'ARTIFACT_UNSIGNED'],
    ['modified', 'ARTIFACT_MODIFIED'],
    ['untrusted-signer', 'ARTIFACT_UNTRUSTED_SIGNER'],
    ['not-allowed', 'ARTIFACT_NOT_ALLOWED'],
  ]);
});

it('denied: nothing is written and the run ends denied', async () => {
  expect(await report('--deny')).toMatchObject({
    ok: true,
    run: { status: 'denied' },
    approval: { decision: 'denied' },
    effects: { servicenowWrites: 0, slackPosts: 1, slackUpdates: 1 },
  });
});

it('killed while it waits and right after a write was sent: the same effects', async () => {
  expect(await report('--crash')).toMatchObject({
    ok: true,
    run: { status: 'completed' },
    effects: { servicenowWrites: 3, slackPosts: 2, slackUpdates: 1 },
    incident: { after: { workNotes: 1 } },
  });
});

it('a flag that is none ends with 2 and says which there are', async () => {
  const { code, stderr } = await demo('--dney');
  expect(code).toBe(2);
  expect(stderr).toContain('--deny');
});
