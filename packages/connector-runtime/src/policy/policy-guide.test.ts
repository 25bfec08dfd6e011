import { readFileSync } from 'node:fs';
import { parseManifest } from '@org/connector-sdk';
import { expect, it } from 'vitest';
import { sampleAction } from '../runs/test-manifest.ts';
import type { PolicyTexts } from './policy-texts.ts';
import { testEngine, testSubject } from './test-policy.ts';

const fileOf = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url));
const { actions } = parseManifest(fileOf('manifests/servicenow.json'));
const guide = fileOf('docs/guides/policy.md').toString();

/** The example of the guide that has this id. */
function example(id: string): string {
  const found = [...guide.matchAll(/```cedar[^\n]*\n([\s\S]*?)```/g)].find(([, text = '']) => text.includes(`"${id}"`));
  return found?.[1] ?? `there is no example ${id}`;
}

function decide(
  texts: PolicyTexts,
  key: string,
  over: { readonly workflow?: string; readonly workspaceId?: string } = {},
) {
  const manifest = actions[key] ?? sampleAction({ risk: 'medium' });
  const place = { action: `servicenow.${key}`, connector: 'servicenow', ...over };
  return testEngine(texts).decide({ ...testSubject(manifest), ...place }, { approved: false });
}

it('asks a person for a note, which it would not without the example', async () => {
  expect((await decide({}, 'add-work-note')).effect).toBe('allow');
  expect((await decide({ tenant: example('notes-need-a-person') }, 'add-work-note')).effect).toBe('require-approval');
});

it('lets one workflow write, and all of them read', async () => {
  const tenant = example('one-writer');
  expect((await decide({ tenant }, 'add-work-note', { workflow: 'incident-triage' })).effect).toBe('allow');
  expect(await decide({ tenant }, 'add-work-note')).toEqual({ effect: 'deny', policyIds: ['one-writer'] });
  expect((await decide({ tenant }, 'get-incident')).effect).toBe('allow');
});

it('asks the service desk for an assignment', async () => {
  const tenant = example("reassigning-is-the-desk's");
  expect(await decide({ tenant }, 'update-assignment')).toMatchObject({
    effect: 'require-approval',
    rule: 'service-desk',
  });
});

it('asks nobody in the sandbox, and somebody elsewhere', async () => {
  const tenant = example('sandbox');
  const sandbox = { workspaceId: '01a204ed-b88b-734e-904c-11cf75a7e1af' };
  expect((await decide({ tenant }, 'medium', sandbox)).effect).toBe('allow');
  expect((await decide({ tenant }, 'medium')).effect).toBe('require-approval');
});

it('lets a workspace be for reading only', async () => {
  const workspace = example('read-only');
  expect(await decide({ workspace }, 'add-work-note')).toEqual({ effect: 'deny', policyIds: ['workspace:read-only'] });
  expect((await decide({ workspace }, 'get-incident')).effect).toBe('allow');
});
