import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseRows } from '../../../examples/incident-triage/src/database-rows.ts';
import type { ToldStory } from '../../../examples/incident-triage/src/story.ts';
import type { AskAdmin } from './ask-admin.ts';

/** A text that anybody but the vault could see, and where it is. */
export interface Place {
  readonly where: string;
  readonly text: string;
}

/** Everything that a story left: logs, rows, answers of the admin API, and what the processes were started with. */
export async function* placesOf(
  { runtime, tenantId }: Pick<ToldStory, 'runtime' | 'tenantId'>,
  folder: string,
  ask: AskAdmin,
): AsyncGenerator<Place> {
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.log'))) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n')) yield { where: file, text: line };
  }
  for await (const { table, text } of databaseRows(await runtime.databaseUrl()))
    yield { where: `table ${table}`, text };
  yield* answersOf(tenantId, ask);
  yield* childrenOf(runtime.pid());
}

/** Each list, and each thing that is in one. */
async function* answersOf(tenantId: string, ask: AskAdmin): AsyncGenerator<Place> {
  const of = `/tenants/${tenantId}`;
  const paths = ['/tenants', '/connections', '/artifacts', '/stats', '/no-such-route'];
  for (const list of ['workspaces', 'enablements', 'connections', 'endpoints', 'policy', 'reference-policy', 'runs']) {
    paths.push(`${of}/${list}`);
  }
  paths.push(`${of}/approvals`, `${of}/deliveries?limit=500`, `${of}/audit?limit=500`, `${of}/audit/verify`);
  for (const path of paths) {
    const text = await ask('GET', path);
    yield { where: `GET ${path}`, text };
    for (const id of idsOf(text)) {
      for (const one of [`/runs/${id}`, `/runs/${id}/audit`, `${of}/connections/${id}`]) {
        yield { where: `GET ${one}`, text: await ask('GET', one) };
      }
    }
  }
}

function idsOf(text: string): string[] {
  return [...new Set([...text.matchAll(/"id":"([0-9a-f-]{36})"/g)].map(([, id = '']) => id))].slice(0, 20);
}

/** The environment and arguments of every process that the runtime started: none of them has a use for a secret. */
async function* childrenOf(pid: number): AsyncGenerator<Place> {
  if (process.platform !== 'linux') return;
  for (const child of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFile(`/proc/${child}/${file}`, 'latin1').catch(() => '');
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(await read('stat'))?.[1];
    if (Number(parent) !== pid) continue;
    yield { where: 'the environment of a process of the runtime', text: await read('environ') };
    yield { where: 'the arguments of a process of the runtime', text: await read('cmdline') };
  }
}
