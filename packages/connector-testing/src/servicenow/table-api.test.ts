import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { seedSysId } from './seed.ts';
import { type ServiceNowEmulator, startServiceNowEmulator } from './servicenow-emulator.ts';

let emulator: ServiceNowEmulator;
let now = Date.UTC(2026, 10, 22, 10, 0, 0);
const basic = { user: 'connector.integration', password: 'test-only-password' };
const authorization = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
const answerSchema = z.object({ result: z.unknown() });

beforeAll(async () => {
  emulator = await startServiceNowEmulator({ basic, clock: () => now });
});
beforeEach(async () => {
  now = Date.UTC(2026, 10, 22, 10, 0, 0);
  await emulator.reset();
});
afterAll(() => emulator.close());

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${emulator.url}${path}`, {
    ...init,
    headers: { authorization, 'content-type': 'application/json', ...init.headers },
  });
}

async function read(path: string): Promise<unknown> {
  return answerSchema.parse(await (await call(path)).json()).result;
}

async function readRows(path: string): Promise<Record<string, unknown>[]> {
  return z.array(z.record(z.string(), z.unknown())).parse(await read(path));
}

function patch(fields: Record<string, string>, number = 'INC0010001'): Promise<Response> {
  const { sys_id } = emulator.incident(number);
  return call(`/api/now/table/incident/${sys_id}`, { method: 'PATCH', body: JSON.stringify(fields) });
}

describe('reading', () => {
  it('answers a reference as link and value', async () => {
    const [row] = await readRows('/api/now/table/incident?sysparm_query=number=INC0010002');
    const group = seedSysId('sys_user_group', 'Network');
    expect(row?.assignment_group).toEqual({
      link: `${emulator.url}/api/now/table/sys_user_group/${group}`,
      value: group,
    });
    expect(row?.sys_updated_on).toBe('2026-11-22 10:00:00');
  });

  it('shows labels and names under sysparm_display_value', async () => {
    const { sys_id } = emulator.incident('INC0010002');
    const fields = 'sysparm_fields=number,category,assignment_group,assigned_to.email,caller_id.manager.name,nonsense';
    const link = expect.stringContaining('/api/now/table/sys_user_group/');
    expect(await read(`/api/now/table/incident/${sys_id}?${fields}&sysparm_display_value=true`)).toEqual({
      number: 'INC0010002',
      category: 'Network',
      assignment_group: { display_value: 'Network', link },
      'assigned_to.email': 'kim.porter@example.com',
      'caller_id.manager.name': '',
    });
    expect(
      await read(
        `/api/now/table/incident/${sys_id}?sysparm_fields=category,assignment_group&sysparm_display_value=all`,
      ),
    ).toEqual({
      category: { display_value: 'Network', value: 'network' },
      assignment_group: { display_value: 'Network', value: seedSysId('sys_user_group', 'Network'), link },
    });
  });

  it('leaves links out under sysparm_exclude_reference_link', async () => {
    const { sys_id } = emulator.incident('INC0010002');
    const path = `/api/now/table/incident/${sys_id}?sysparm_fields=assigned_to&sysparm_exclude_reference_link=true`;
    expect(await read(path)).toEqual({ assigned_to: seedSysId('sys_user', 'kim.porter') });
  });

  it('pages with Link and X-Total-Count, with a prev below zero on the first page', async () => {
    const query = 'sysparm_query=ORDERBYuser_name&sysparm_fields=user_name&sysparm_limit=1';
    const first = await call(`/api/now/table/sys_user?${query}&sysparm_offset=0`);
    expect(first.headers.get('x-total-count')).toBe('4');
    const link = first.headers.get('link') ?? '';
    expect(link).toMatch(/sysparm_offset=0>;rel="first"/);
    expect(link).toMatch(/sysparm_offset=-1>;rel="prev"/);
    expect(link).toMatch(/sysparm_offset=3>;rel="last"/);
    const names: unknown[] = [];
    let next: string | undefined = `${emulator.url}/api/now/table/sys_user?${query}`;
    while (next !== undefined) {
      const page: Response = await call(next.slice(emulator.url.length));
      names.push(...z.object({ result: z.array(z.object({ user_name: z.string() })) }).parse(await page.json()).result);
      next = /<([^>]*)>;rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(names).toEqual(
      ['beth.anglin', 'connector.integration', 'david.loo', 'kim.porter'].map((user_name) => ({ user_name })),
    );
  });

  it('refuses the negative offset of such a prev link', async () => {
    expect((await call('/api/now/table/incident?sysparm_offset=-1')).status).toBe(400);
  });

  it('returns every row when a condition names a column that does not exist, as the platform does', async () => {
    expect(await readRows('/api/now/table/incident?sysparm_query=assigned_two=x')).toHaveLength(2);
  });

  it('walks a reference in a query and finds group members', async () => {
    const rows = await readRows(
      '/api/now/table/sys_user_grmember?sysparm_query=group.name=Payments&sysparm_fields=user.user_name',
    );
    expect(rows).toEqual([{ 'user.user_name': 'david.loo' }]);
  });

  it('lists the choices of a column', async () => {
    const rows = await readRows('/api/now/table/sys_choice?name=incident&element=category&sysparm_fields=value');
    expect(rows.map(({ value }) => value)).toEqual(['inquiry', 'software', 'hardware', 'network', 'database']);
  });

  it('answers 400 to an operator it does not know instead of guessing', async () => {
    expect((await call('/api/now/table/incident?sysparm_query=numberSAMEASstate')).status).toBe(400);
  });
});

describe('writing', () => {
  it('changes fields once, bumps sys_mod_count and counts one write', async () => {
    now += 5000;
    const group = seedSysId('sys_user_group', 'Payments');
    expect((await patch({ assignment_group: group, category: 'software' })).status).toBe(200);
    expect(emulator.incident('INC0010001')).toMatchObject({
      assignment_group: group,
      category: 'software',
      sys_mod_count: '1',
      sys_updated_on: '2026-11-22 10:00:05',
      sys_updated_by: basic.user,
    });
    expect(emulator.effects).toMatchObject({ writes: 1, fieldUpdates: 2, workNotes: 0 });
  });

  it('writes nothing when every value is already there', async () => {
    await patch({ category: 'software' });
    expect((await patch({ category: 'software' })).status).toBe(200);
    expect(emulator.incident('INC0010001').sys_mod_count).toBe('1');
    expect(emulator.effects.writes).toBe(1);
  });

  it.each([
    ['1', '1', '1'],
    ['1', '2', '2'],
    ['1', '3', '3'],
    ['2', '1', '2'],
    ['2', '2', '3'],
    ['2', '3', '4'],
    ['3', '1', '3'],
    ['3', '2', '4'],
    ['3', '3', '5'],
  ])('derives priority from impact %s and urgency %s', async (impact, urgency, priority) => {
    await patch({ impact, urgency });
    expect(emulator.incident('INC0010001').priority).toBe(priority);
  });

  it('overwrites a priority that is written directly', async () => {
    await patch({ priority: '1' });
    expect(emulator.incident('INC0010001').priority).toBe('3');
    expect(emulator.effects.writes).toBe(0);
  });

  it('keeps a work note as a journal row that reads back', async () => {
    await patch({ work_notes: 'Rolled back [ref:7]', comments: 'We are on it' });
    const { sys_id } = emulator.incident('INC0010001');
    const query = `name=incident^element=work_notes^element_id=${sys_id}^valueLIKE[ref:7]`;
    const rows = await readRows(`/api/now/table/sys_journal_field?sysparm_query=${encodeURIComponent(query)}`);
    expect(rows).toMatchObject([{ element: 'work_notes', value: 'Rolled back [ref:7]', sys_created_by: basic.user }]);
    expect(emulator.journal('INC0010001').map(({ element }) => element)).toEqual(['work_notes', 'comments']);
    expect(emulator.effects).toMatchObject({ writes: 1, workNotes: 1, fieldUpdates: 0 });
    expect(await read(`/api/now/table/incident/${sys_id}?sysparm_fields=work_notes`)).toEqual({ work_notes: '' });
    const shown = JSON.stringify(
      await read(`/api/now/table/incident/${sys_id}?sysparm_fields=work_notes&sysparm_display_value=true`),
    );
    expect(shown).toContain('Connector Integration (Work notes)');
  });

  it('adds a work note twice when it is sent twice: there is no idempotency key', async () => {
    await patch({ work_notes: 'same' });
    await patch({ work_notes: 'same' });
    expect(emulator.effects.workNotes).toBe(2);
    expect(emulator.incident('INC0010001').sys_mod_count).toBe('2');
  });

  it('creates a record with a number, a Location and the rules applied', async () => {
    const body = JSON.stringify({ short_description: 'New', impact: '1', urgency: '1' });
    const response = await call('/api/now/table/incident', { method: 'POST', body });
    expect(response.status).toBe(201);
    const created = emulator.incident('INC0010003');
    expect(created).toMatchObject({ short_description: 'New', priority: '1', sys_mod_count: '0' });
    expect(response.headers.get('location')).toBe(`${emulator.url}/api/now/table/incident/${created.sys_id}`);
  });

  it('ignores system columns and columns that do not exist', async () => {
    await patch({ sys_mod_count: '99', sys_id: 'x', nonsense: 'x' });
    expect(emulator.incident('INC0010001').sys_mod_count).toBe('0');
    expect(emulator.effects.writes).toBe(0);
  });

  it('reset brings back the seed', async () => {
    await patch({ category: 'software' });
    await emulator.reset();
    expect(emulator.incident('INC0010001')).toMatchObject({ category: 'inquiry', sys_mod_count: '0' });
    expect(emulator.effects).toEqual({ writes: 0, workNotes: 0, fieldUpdates: 0, reads: 0 });
  });
});

describe('refusals', () => {
  it('answers 404 for an unknown record in the vendor’s words', async () => {
    const response = await call(`/api/now/table/incident/${'0'.repeat(32)}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: { message: 'No Record found', detail: "Record doesn't exist or ACL restricts the record retrieval" },
      status: 'failure',
    });
  });

  it.each([
    ['no header', undefined],
    ['a wrong password', `Basic ${Buffer.from(`${basic.user}:nope`).toString('base64')}`],
    ['a token it never issued', 'Bearer aGVsbG8'],
    ['an empty bearer', 'Bearer '],
    ['another scheme', 'Digest abc'],
  ])('refuses %s', async (_name, header) => {
    const headers = { ...(header === undefined ? {} : { authorization: header }), 'content-type': 'application/json' };
    const { sys_id } = emulator.incident('INC0010001');
    for (const method of ['GET', 'PATCH']) {
      const init = method === 'PATCH' ? { body: '{"category":"software"}' } : {};
      const response = await fetch(`${emulator.url}/api/now/table/incident/${sys_id}`, { method, headers, ...init });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { message: 'User Not Authenticated' }, status: 'failure' });
    }
    expect(emulator.effects).toEqual({ writes: 0, workNotes: 0, fieldUpdates: 0, reads: 0 });
  });

  it('keeps no header and no credential in the request log', async () => {
    await call('/api/now/table/incident?sysparm_limit=1&access_token=leak-me');
    expect(emulator.requests.at(-1)).toEqual({
      method: 'GET',
      path: '/api/now/table/incident',
      query: { sysparm_limit: '1' },
      status: 200,
    });
    expect(JSON.stringify(emulator.requests)).not.toContain('leak-me');
  });
});
