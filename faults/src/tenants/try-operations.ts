import { randomUUID } from 'node:crypto';
import { adminDocument } from '@org/connector-runtime/stages';
import { createAnswerCheck } from '../../../packages/connector-runtime/src/http/test-answers.ts';
import type { FaultOptions } from '../fault.ts';
import type { Build } from './deployment.ts';
import type { Furnished } from './furnish.ts';
import { createCanarySearch, type Seen, see, spellings } from './judge.ts';
import { type Operation, operationsOf } from './operations.ts';
import { rowsOf } from './rows.ts';
import type { Scene, Tried } from './scene.ts';

/** Each operation, as each role of one tenant, with ids of both and of nobody in every place and spelling. */
export async function tryOperations(
  scene: Scene,
  { size, random, progress }: FaultOptions,
  build: Build,
  only?: readonly string[],
): Promise<Tried & { readonly done: ReadonlySet<string> }> {
  const { deployment, own, foreign, tables } = scene;
  const violations: string[] = [];
  const done = new Set<string>();
  let tried = 0;
  const snapshot = () => rowsOf(deployment.store, tables, foreign.ids.tenantId ?? '');
  const holdsCanary = createCanarySearch(foreign.canary);

  async function compare(
    operation: Operation,
    method: string,
    token: string,
    foreignAt: readonly string[],
    how: string,
  ) {
    const turn = `${build}-${tried}`;
    const nowhere = Object.fromEntries(foreignAt.map((place) => [place, randomUUID()]));
    const theirs = { ...own.ids, ...Object.fromEntries(foreignAt.map((place) => [place, idAt(foreign, place)])) };
    const ask = async (ids: Readonly<Record<string, string>>) => {
      const { path, body } = operation.fill(ids, turn);
      const id = ids[foreignAt[0] ?? 'tenantId'] ?? '';
      const spelt = spellings[how]?.(path, id) ?? path;
      const sent = ['POST', 'PUT', 'PATCH'].includes(method) ? (body ?? {}) : undefined;
      return see(await deployment.ask({ method, path: spelt, body: sent, token }, build));
    };
    const given = await ask(theirs);
    const what = `${method} ${operation.path} with another’s ${foreignAt.join(', ') || 'nothing'} (${how})`;
    tried += 1;
    if (holdsCanary(given.raw)) violations.push(`${what} gives another tenant’s data`);
    if (foreignAt.length === 0) {
      if (given.status < 300 && method === operation.method) done.add(operation.operationId);
      if (method === operation.method && !isDescribed(operation, given)) {
        violations.push(`${what} answers what its description does not`);
      }
      return;
    }
    const none = await ask({ ...own.ids, ...nowhere });
    tried += 1;
    if (given.shape !== none.shape) violations.push(`${what} differs from an id that does not exist`);
  }

  for (const operation of operationsOf(adminDocument())) {
    if (only && !only.includes(operation.operationId)) continue;
    const before = await snapshot();
    const [hows, methods] = formsOf(operation, size, random);
    for (const token of own.tokens) {
      for (const foreignAt of subsets(operation.places)) {
        await compare(operation, operation.method, token, foreignAt, 'plain');
      }
    }
    const everything = operation.places;
    const strongest = own.tokens.at(-1) ?? '';
    for (const how of hows) {
      for (const foreignAt of everything.length === 0 ? [[]] : [everything, ...everything.map((place) => [place])]) {
        await compare(operation, operation.method, strongest, foreignAt, how);
      }
    }
    for (const method of methods) await compare(operation, method, strongest, everything, 'plain');
    const after = await snapshot();
    for (const [name, rows] of after) {
      if (before.get(name) !== rows) violations.push(`${operation.operationId} changed ${name} of another tenant`);
    }
    progress(`${operation.operationId}: ${tried} tried, ${violations.length} broken`);
  }
  return { tried, violations, done };
}

/** A new kind of id in the document is one that both tenants must have: a made-up one would prove nothing. */
function idAt({ ids }: Furnished, place: string): string {
  const id = ids[place];
  if (id === undefined) throw new Error(`the tenants have no ${place}: give them one in furnish.ts`);
  return id;
}

const checkAnswer = createAnswerCheck(adminDocument('closed'));

function isDescribed({ method, path }: Operation, { status, text }: Seen): boolean {
  try {
    checkAnswer(method, path.replaceAll(/[{}]/g, ''), { status, json: text === '' ? undefined : JSON.parse(text) });
    return true;
  } catch {
    return false;
  }
}

function formsOf(operation: Operation, size: FaultOptions['size'], random: () => number): [string[], string[]] {
  const [hows, methods] = [Object.keys(spellings), ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']];
  const others = methods.filter((method) => method !== operation.method);
  if (size === 'long') return [hows, others];
  const some = <T>(all: readonly T[], n: number) => all.toSorted(() => random() - 0.5).slice(0, n);
  return [some(hows, 4), some(others, 2)];
}

/** Every choice of places; the empty one too. */
function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length }, (_, choice) => all.filter((_, at) => (choice >> at) & 1));
}
