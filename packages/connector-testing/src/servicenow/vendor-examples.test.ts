import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type ServiceNowEmulator, startServiceNowEmulator } from './servicenow-emulator.ts';
import type { Row } from './tables.ts';

/** The examples of the vendor's documentation: fixtures/servicenow/SOURCE.md says where each comes from. */
const folder = new URL('../../../../fixtures/servicenow/', import.meta.url);
const record = z.record(z.string(), z.union([z.string(), z.object({ link: z.string(), value: z.string() })]));
const exampleFile = z.object({
  request: z.object({
    method: z.string(),
    path: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.record(z.string(), z.string()).optional(),
    form: z.record(z.string(), z.string()).optional(),
  }),
  answer: z.object({
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: z.object({ result: z.union([record, z.array(record)]).optional() }).loose(),
  }),
});
type Example = z.infer<typeof exampleFile>;

/**
 * What is not compared, and why:
 * - values: times, ids and texts are the example instance's own; the status is compared;
 * - a field that is empty in the documentation: an unset reference is an empty text, so its kind does not show;
 * - columns that incident has and problem has not: the emulator has no table problem, its list is asked of incident;
 * - headers that the documentation does not name, such as Date, Cache-Control and WWW-Authenticate;
 * - DELETE: documented as 204 without a body; the emulator answers 405, as no connector deletes.
 */
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

/** Documented references whose tables the emulator does not have: it answers the stored value as text. */
const unlinked = (...columns: string[]) => columns.map((column) => `result.${column}: object documented, text here`);
/** Values that an instance gives a new incident by its own defaults, which the emulator does not have. */
const unset = (kind: string, ...columns: string[]) =>
  columns.map((column) => `result.${column}: ${kind} documented, empty here`);

/** The differences there are. The list is exact: a new one fails, and so does one of these that is gone. */
const known: Readonly<Record<string, readonly string[]>> = {
  'list-problems': unlinked('sys_domain', 'cmdb_ci'),
  'read-incident': unlinked('location', 'sys_domain', 'problem_id', 'cmdb_ci'),
  'patch-incident': unlinked('location', 'sys_domain', 'company', 'cmdb_ci'),
  'put-incident': unlinked('location', 'sys_domain', 'company', 'cmdb_ci'),
  'create-incident': [
    ...unset('text', 'upon_approval', 'category', 'upon_reject', 'approval', 'sys_domain_path'),
    ...unset('digits', 'reopen_count', 'child_incidents', 'notify', 'escalation'),
    ...unset('boolean text', 'knowledge', 'made_sla'),
    ...unset('object', 'sys_domain', 'opened_by'),
  ],
};

const basic = { user: 'connector.integration', password: 'test-only-password' };
let emulator: ServiceNowEmulator | undefined;
afterEach(() => emulator?.close());

describe('the emulator answers in the documented shape', () => {
  it.each(names)('%s', async (name) => {
    const example = readExample(name);
    const { status, headers, body } = example.answer;
    const answer = await ask(name, example);
    expect(answer.status).toBe(status);
    const differences = [
      ...compareShapes(body, await answer.json(), name === 'list-problems'),
      ...compareHeaders(headers, answer.headers),
    ];
    expect(differences.sort()).toEqual([...(known[name] ?? [])].sort());
  });
});

it('knows differences of examples that exist', () => {
  expect(names).toEqual(expect.arrayContaining(Object.keys(known)));
});

describe('the comparison', () => {
  const body = { result: [{ number: 'INC1', on: '2026-01-01 00:00:00', who: { link: 'l', value: 'v' }, none: '' }] };
  const [row] = body.result;

  it.each<[string, unknown, string[]]>([
    ['other values', { result: [{ ...row, number: 'INC2', none: 'x' }] }, []],
    [
      'a missing field',
      { result: [{ ...row, number: undefined }] },
      ['result.number: text documented, undefined here'],
    ],
    ['a further field', { result: [{ ...row, more: '' }] }, ['result.more: not documented']],
    ['a number for a text', { result: [{ ...row, number: 1 }] }, ['result.number: text documented, number here']],
    ['another way to write a time', { result: [{ ...row, on: '1.1.26' }] }, ['result.on: time documented, text here']],
    ['a reference without its link', { result: [{ ...row, who: 'v' }] }, ['result.who: object documented, text here']],
    ['a record for a list', { result: row }, ['result: list documented, object here']],
    ['no record', { result: [] }, ['result: 1 elements documented, 0 here']],
    [
      'another name at the top',
      { results: [row] },
      ['result: list documented, undefined here', 'results: not documented'],
    ],
  ])('with %s', (_, emulated, differences) => {
    expect(compareShapes(body, emulated)).toEqual(differences);
  });

  it('is of headers as well', () => {
    const documented = { 'Retry-After': '60', Link: '<https://instance.example.com/a?x=1>;rel="next"' };
    const link = '<http://127.0.0.1:1/a?x=2>;rel="next"';
    expect(compareHeaders(documented, new Headers({ 'Retry-After': '1', Link: link }))).toEqual([]);
    expect(
      compareHeaders(documented, new Headers({ 'Retry-After': 'soon', Link: link.replace('next', 'prev') })),
    ).toEqual(['Retry-After: ‹number› documented, soon here', 'Link: next /a?x documented, prev /a?x here']);
    expect(compareHeaders({ 'X-Total-Count': '1' }, new Headers())).toEqual([
      'X-Total-Count: ‹number› documented, nothing here',
    ]);
  });
});

async function ask(name: string, { request, answer }: Example): Promise<Response> {
  const { result = [] } = answer.body;
  const rows = [result].flat().map(toRow);
  // Links to pages only show where there are several.
  const more =
    name === 'list-problems' ? rows.map((row) => ({ ...row, sys_id: '0'.repeat(32), number: 'INC0000001' })) : [];
  const incident = name === 'create-incident' ? [] : [...rows, ...more];
  emulator = await startServiceNowEmulator({ basic, seed: { incident } });
  if (name === 'refuse-rate-limited') emulator.faults.next({ kind: 'rate-limit-429' });
  const isAnonymous = name === 'refuse-unauthenticated' || request.form !== undefined;
  const credential = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
  const { clientId, clientSecret, refreshToken = '' } = emulator.oauth;
  const secrets = { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken };
  const body = request.form ? new URLSearchParams({ ...request.form, ...secrets }) : JSON.stringify(request.body);
  return fetch(`${emulator.url}${request.path.replace('/table/problem', '/table/incident')}`, {
    method: request.method,
    headers: { ...request.headers, ...(isAnonymous ? {} : { Authorization: credential }) },
    ...(request.method === 'GET' ? {} : { body }),
  });
}

function readExample(name: string): Example {
  return exampleFile.parse(JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')));
}

function toRow(documented: z.infer<typeof record>): Row {
  return Object.fromEntries(
    Object.entries(documented).map(([column, value]) => [column, typeof value === 'string' ? value : value.value]),
  );
}

/** Where `emulated` has other keys or other kinds of values than `documented`. */
function compareShapes(documented: unknown, emulated: unknown, mayHaveMore = false, at = ''): string[] {
  const [wanted, found] = [kindOf(documented), kindOf(emulated)];
  if (wanted === 'empty') return [];
  if (wanted !== found) return [`${at}: ${wanted} documented, ${found} here`];
  if (Array.isArray(documented) && Array.isArray(emulated)) {
    if ((documented.length === 0) !== (emulated.length === 0))
      return [`${at}: ${documented.length} elements documented, ${emulated.length} here`];
    return emulated.flatMap((element) => compareShapes(documented[0], element, mayHaveMore, at));
  }
  if (!isObject(documented) || !isObject(emulated)) return [];
  const below = (key: string) => (at === '' ? key : `${at}.${key}`);
  const extra = mayHaveMore ? [] : Object.keys(emulated).filter((key) => !Object.hasOwn(documented, key));
  return [
    ...Object.keys(documented).flatMap((key) => compareShapes(documented[key], emulated[key], mayHaveMore, below(key))),
    ...extra.map((key) => `${below(key)}: not documented`),
  ];
}

function kindOf(value: unknown): string {
  if (typeof value !== 'string') return Array.isArray(value) ? 'list' : typeof value;
  if (value === '') return 'empty';
  if (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(value)) return 'time';
  if (/^\d+$/.test(value)) return 'digits';
  return value === 'true' || value === 'false' ? 'boolean text' : 'text';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compareHeaders(documented: Readonly<Record<string, string>>, emulated: Headers): string[] {
  return Object.entries(documented).flatMap(([header, value]) => {
    const [wanted, found] = [headerShape(value), headerShape(emulated.get(header) ?? 'nothing')];
    return wanted === found ? [] : [`${header}: ${wanted} documented, ${found} here`];
  });
}

/** What stays of a header's value when hosts, ids and numbers are taken out. */
function headerShape(value: string): string {
  const links = [...value.matchAll(/<([^>]*)>;rel="(\w+)"/g)];
  if (links.length > 0) {
    return links
      .map(([, url = '', rel]) => `${rel} ${linkShape(new URL(url))}`)
      .sort()
      .join(' ');
  }
  if (URL.canParse(value)) return new URL(value).pathname.replace(/[0-9a-f]{32}/, '‹sys_id›');
  if (/^[0-9a-f]{32}$/.test(value)) return '‹sys_id›';
  return value.replace(/^\d+$/, '‹number›').replace(/;.*/, '');
}

function linkShape({ pathname, searchParams }: URL): string {
  return `${pathname.replace(/\/problem$/, '/incident')}?${[...searchParams.keys()].sort()}`;
}
