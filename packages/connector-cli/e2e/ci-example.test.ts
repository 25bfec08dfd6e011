import { spawnSync } from 'node:child_process';
import { appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { newFolder, writeDeskConnector } from './desk-connector.ts';

const EXAMPLES = new URL('../../../examples/ci/', import.meta.url);
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const PASSPHRASE = 'correct horse battery staple';

const workflowSchema = z.object({
  permissions: z.object({}).strict(),
  jobs: z.record(
    z.string(),
    z.object({
      permissions: z.record(z.string(), z.string()),
      steps: z.array(
        z.object({
          name: z.string().optional(),
          uses: z.string().optional(),
          run: z.string().optional(),
          env: z.record(z.string(), z.string()).optional(),
        }),
      ),
    }),
  ),
});

const hookSchema = z.object({ id: z.string(), entry: z.string(), language: z.string(), files: z.string() });
const hookConfigSchema = z.object({ repos: z.array(z.object({ hooks: z.array(hookSchema) })) });

type Hook = z.infer<typeof hookSchema>;

const example = (name: string) => readFile(new URL(name, EXAMPLES), 'utf8');

let parent: string;
let repository: string;
let commands: string;
let signingKey: string;

/** The repository of a connector, with a base branch on which its first version is committed. */
beforeAll(async () => {
  parent = await newFolder();
  commands = join(parent, 'commands');
  await mkdir(commands);
  // Only these are replaced: where the command comes from, and the installation of packages.
  const run = `exec "${process.execPath}" --conditions=@org/source "${CLI}"`;
  await writeCommand('connector', `echo "connector $*" >> "${parent}/ran"\n${run} "$@"`);
  await writeCommand('npx', `[ "$1 $2" = "--no-install connector" ] || exit 64\nshift 2\nexec connector "$@"`);
  await writeCommand('npm', '[ "$*" = "ci --ignore-scripts" ] || exit 64');

  const source = await readDeskSource();
  repository = await writeDeskConnector(parent, 'repository', { files: { 'src/connector.ts': source } });
  await writeFile(join(repository, '.gitignore'), 'node_modules\nartifact\n');
  sh('connector build . --manifest-out manifests/acme-desk.json');
  sh('connector keygen --out ../keys --name acme --passphrase-env SIGNING_PASSPHRASE');
  sh('connector trust init trust.json');
  sh('connector trust add-key trust.json --publisher acme --key ../keys/acme.pub.pem');
  sh('connector trust allow trust.json acme-desk --publisher acme');
  signingKey = await readFile(join(parent, 'keys/acme.key.pem'), 'utf8');
  sh('git init --quiet --initial-branch main && git add . && git commit --quiet --message Base');
  sh('git update-ref refs/remotes/origin/main HEAD && git checkout --quiet -b change');
});
afterAll(() => rm(parent, { recursive: true, force: true }));

async function writeCommand(name: string, script: string): Promise<void> {
  await writeFile(join(commands, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(commands, name), 0o755);
}

/** A connector that no rule has anything against, also not in what is published. */
async function readDeskSource(): Promise<string> {
  const folder = await writeDeskConnector(parent, 'plain');
  const source = await readFile(join(folder, 'src/connector.ts'), 'utf8');
  return source
    .replace('provider: []', "provider: ['tickets:read']")
    .replace('.min(1).max(40)', ".min(1).max(40).describe('The id of the ticket.')")
    .replace('subject: z.string()', 'subject: z.string().max(200)')
    .replace("region: z.enum(['eu', 'us'])", "region: z.enum(['eu', 'us']).describe('Where the account lives.')")
    .replaceAll("'Reads one ticket.'", "'Reads one ticket of the account, by its id.'");
}

function attempt(script: string, env: Record<string, string> = {}) {
  const identity = {
    GIT_AUTHOR_NAME: 'T',
    GIT_AUTHOR_EMAIL: 't@example.com',
    GIT_COMMITTER_NAME: 'T',
    GIT_COMMITTER_EMAIL: 't@example.com',
  };
  const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
    cwd: repository,
    env: {
      ...identity,
      PATH: `${commands}:${process.env.PATH}`,
      HOME: parent,
      SIGNING_PASSPHRASE: PASSPHRASE,
      GITHUB_STEP_SUMMARY: join(parent, 'summary.md'),
      ...env,
    },
    encoding: 'utf8',
  });
  return { status, told: `${stdout}${stderr}` };
}

function sh(script: string, env: Record<string, string> = {}): string {
  const { status, told } = attempt(script, env);
  expect({ script, status, told }).toMatchObject({ status: 0 });
  return told;
}

/** What GitHub would put for an expression. */
function fillIn(env: Record<string, string> = {}): Record<string, string> {
  const values: Record<string, string> = {
    'github.base_ref': 'main',
    'secrets.SIGNING_KEY': signingKey,
    'secrets.SIGNING_PASSPHRASE': PASSPHRASE,
  };
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => {
      const [, expression = ''] = /^\$\{\{ (.+) \}\}$/.exec(value) ?? [];
      const known = values[expression];
      if (known === undefined) throw new Error(`the test does not know ${value}`);
      return [name, known];
    }),
  );
}

async function readScripts(job: string) {
  const workflow = workflowSchema.parse(parse(await example('github-actions.yml')));
  return (workflow.jobs[job]?.steps ?? []).flatMap(({ run, env }) =>
    run === undefined ? [] : [{ run, env: fillIn(env) }],
  );
}

async function readHooks(): Promise<Hook[]> {
  const config = hookConfigSchema.parse(parse(await example('.pre-commit-config.yaml')));
  return [
    ...config.repos.flatMap(({ hooks }) => hooks),
    ...z.array(hookSchema).parse(parse(await example('.pre-commit-hooks.yaml'))),
  ];
}

/** As pre-commit runs a hook: its entry, then the files that its pattern takes. */
function runHook({ entry, files }: Hook, changed: readonly string[]) {
  const names = changed.filter((name) => new RegExp(files).test(name));
  return attempt(`${entry} ${names.join(' ')}`);
}

const MANIFEST = 'manifests/acme-desk.json';

async function replaceInManifest(from: string, to: string): Promise<void> {
  const path = join(repository, MANIFEST);
  const text = await readFile(path, 'utf8');
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
}

describe('the example for GitHub Actions', () => {
  it('runs from the first to the last command on a good connector', async () => {
    for (const job of ['check', 'release']) {
      const scripts = await readScripts(job);
      expect(scripts.length).toBeGreaterThan(3);
      for (const { run, env } of scripts) sh(run, env);
    }
    expect(await readFile(join(repository, 'connector.sarif'), 'utf8')).toContain('"2.1.0"');
    expect(await readFile(join(parent, 'summary.md'), 'utf8')).toContain('### acme-desk');
    expect(sh('connector verify acme-desk.tgz --trust trust.json')).toContain('acme-desk 1.4.0 by acme');
    // Every command line of the example was really run.
    const lines = (await example('github-actions.yml')).match(/--no-install (connector [a-z]+)/g) ?? [];
    const ran = await readFile(join(parent, 'ran'), 'utf8');
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines) expect(ran).toContain(line.replace('--no-install ', ''));
  });

  it('stops at what each step is there for', async () => {
    const [, build, validate, diff] = await readScripts('check');
    await replaceInManifest('"risk":"low"', '"risk":"high"');
    expect(attempt(build?.run ?? '')).toMatchObject({
      status: 1,
      told: expect.stringContaining('BUILD_MANIFEST_DIFFERS'),
    });
    const compared = attempt(diff?.run ?? '', diff?.env);
    expect(compared.status).toBe(1);
    expect(compared.told).toContain('::error file=manifests/acme-desk.json');
    await replaceInManifest('"description":"Reads tickets."', '"description":""');
    expect(attempt(validate?.run ?? '').status).toBe(1);
    sh(`git checkout --quiet ${MANIFEST}`);
  });

  it('asks for no permission that it does not need, and names no action without a version', async () => {
    const workflow = workflowSchema.parse(parse(await example('github-actions.yml')));
    const { check, release } = workflow.jobs;
    expect(check?.permissions).toEqual({ contents: 'read', 'security-events': 'write' });
    expect(release?.permissions).toEqual({ contents: 'read' });
    for (const { steps } of Object.values(workflow.jobs)) {
      for (const { uses, run = '' } of steps) {
        if (uses !== undefined) expect(uses).toMatch(/@v\d+$/);
        // An expression within a script would run what somebody else wrote.
        expect(run).not.toContain('${{');
      }
    }
  });
});

describe('the examples of hooks', () => {
  it('pass what is in order, and stop what is not', async () => {
    const hooks = await readHooks();
    expect(hooks.map(({ id }) => id)).toEqual([
      'connector-validate',
      'connector-diff',
      'connector-validate',
      'connector-diff',
    ]);
    for (const hook of hooks) expect(runHook(hook, ['package.json', MANIFEST])).toMatchObject({ status: 0 });
    await replaceInManifest('"risk":"low"', '"risk":"huge"');
    for (const hook of hooks) expect(runHook(hook, [MANIFEST])).toMatchObject({ status: 1 });
    sh(`git checkout --quiet ${MANIFEST}`);
  });

  it('looks at what is staged, in the plain git hook', async () => {
    await mkdir(join(repository, '.git/hooks'), { recursive: true });
    await writeFile(join(repository, '.git/hooks/pre-commit'), await example('pre-commit'), { mode: 0o755 });
    await appendFile(join(repository, 'README.md'), 'More.\n');
    sh('git commit --quiet --all --message "Without a manifest"');
    await replaceInManifest('"risk":"low"', '"risk":"high"');
    sh(`git add ${MANIFEST}`);
    sh(`git show HEAD:${MANIFEST} > ${MANIFEST}`);
    const refused = attempt('git commit --quiet --message "Riskier"');
    expect(refused).toMatchObject({ status: 1, told: expect.stringContaining('risk-raised') });
    await replaceInManifest('"risk":"low"', '"risk":"high"');
    await replaceInManifest('"version":"1.4.0"', '"version":"2.0.0"');
    sh(`git add ${MANIFEST} && git commit --quiet --message "Riskier, and says so"`);
  });
});
