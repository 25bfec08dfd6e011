import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecretSearch, type SecretSearch } from '../../examples/incident-triage/src/secret-search.ts';
import { tellStory } from '../../examples/incident-triage/src/story.ts';
import { defineFault, type FaultOptions } from './fault.ts';
import { type AskAdmin, createAskAdmin } from './no-secret-leak/ask-admin.ts';
import { type Place, placesOf } from './no-secret-leak/places.ts';
import { provoke } from './no-secret-leak/provoke.ts';
import { logEverything } from './no-secret-leak/verbose-log.ts';

interface Told {
  readonly tried: number;
  readonly violations: readonly string[];
  readonly controlCaught: boolean;
}

type Ending = { readonly deny: boolean; readonly crash: boolean };

export default defineFault({
  promise: 'no secret is in logs, errors, audit, answers, rows or environments, raw or encoded',
  async run(options) {
    const { size, random } = options;
    const endings: readonly Ending[] =
      size === 'short'
        ? [{ deny: false, crash: false }]
        : [
            { deny: false, crash: false },
            { deny: true, crash: false },
            { deny: false, crash: true },
          ];
    let [tried, controlCaught] = [0, true];
    const violations = new Set<string>();
    for (const ending of endings) {
      const told = await tell(options, ending);
      tried += told.tried;
      for (const violation of told.violations) violations.add(violation);
      controlCaught &&= told.controlCaught;
    }
    const secrets = Array.from({ length: 20 }, () => canaryOf(random));
    const lines = size === 'short' ? 2_000 : 100_000;
    const holdsSecret = createSecretSearch(secrets);
    const said = logEverything({ secrets, lines, random, broken: false });
    if (said.some(holdsSecret)) violations.add('a line of the log, at its most verbose, holds a secret');
    const broken = logEverything({ secrets, lines: 200, random, broken: true });
    controlCaught &&= broken.filter(holdsSecret).length === broken.length;
    return {
      tried: tried + said.length,
      violations: [...violations],
      controlCaught,
      notes: [
        'there are no traces yet: nothing is exported that could hold one',
        'the runtime’s own environment holds what its operator put there; that of every process it starts is looked at',
      ],
    };
  },
});

/** The demo scenario with its debug log, then every way to hand over a secret wrongly; then planted leaks, to see them found. */
async function tell({ random, progress }: FaultOptions, ending: Ending): Promise<Told> {
  const folder = await mkdtemp(join(tmpdir(), 'no-secret-leak-'));
  await chmod(folder, 0o711);
  const timeline = { part: progress, tell: () => {} };
  const canaries: string[] = [];
  const canary = () => {
    const one = canaryOf(random);
    canaries.push(one);
    return one;
  };
  const story = await tellStory({ folder, ...ending, timeline, signal: new AbortController().signal });
  try {
    const { runtime } = story;
    const ask = createAskAdmin(runtime.url, runtime.adminToken);
    const answers: Place[] = [];
    for await (const place of provoke(story, ask, canary)) answers.push(place);
    const secrets = [...story.secrets, ...canaries];
    const holdsSecret = createSecretSearch(secrets);
    const violations = new Set(story.report.problems);
    let tried = 0;
    const look = ({ where, text }: Place) => {
      tried += 1;
      if (holdsSecret(text)) violations.add(`a secret is in ${where}`);
    };
    answers.forEach(look);
    for await (const place of placesOf(story, folder, ask)) look(place);
    progress(`${tried} texts looked at for ${secrets.length} secrets`);
    const controlCaught = await findsPlanted({ folder, ask, story, secrets, holdsSecret, random });
    return { tried, violations: [...violations], controlCaught };
  } finally {
    await story.end();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Leaks made on purpose in a log, a row that the API answers, and an environment: each must be found by the same search. */
async function findsPlanted(planted: {
  readonly folder: string;
  readonly ask: AskAdmin;
  readonly story: Parameters<typeof placesOf>[0];
  readonly secrets: readonly string[];
  readonly holdsSecret: SecretSearch;
  readonly random: () => number;
}): Promise<boolean> {
  const { folder, ask, story, secrets, holdsSecret, random } = planted;
  const secret = secrets.find((one) => one.length < 60) ?? '';
  const encoded = Buffer.from(`${'x'.repeat(Math.floor(random() * 3))}${secret}`).toString('base64');
  await appendFile(join(folder, 'planted.log'), `{"msg":"${encoded}"}\n`);
  await ask('POST', `/tenants/${story.tenantId}/workspaces`, { name: Buffer.from(secret).toString('hex') });
  const found = new Set<string>();
  for await (const { where, text } of placesOf(story, folder, ask)) if (holdsSecret(text)) found.add(where);
  const wanted = ['planted.log', 'table connector.workspaces', `GET /tenants/${story.tenantId}/workspaces`];
  return wanted.every((where) => found.has(where)) && (await findsInEnvironment(secret, holdsSecret));
}

async function findsInEnvironment(secret: string, holdsSecret: SecretSearch): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("x");setInterval(() => {}, 1000)'], {
    env: { PLANTED: encodeURIComponent(secret) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await once(child.stdout, 'data');
    return holdsSecret(await readFile(`/proc/${child.pid}/environ`, 'latin1'));
  } finally {
    child.kill('SIGKILL');
  }
}

/** With characters that encodings treat differently. */
function canaryOf(random: () => number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const text = Array.from({ length: 32 }, () => letters[Math.floor(random() * letters.length)]).join('');
  return `canary-${text}`;
}
