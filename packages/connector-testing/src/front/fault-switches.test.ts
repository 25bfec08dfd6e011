import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ServiceNowEmulator, startServiceNowEmulator } from '../servicenow/servicenow-emulator.ts';
import type { Fault } from './fault-switches.ts';

let emulator: ServiceNowEmulator;
const basic = { user: 'connector.integration', password: 'test-only-password' };
const authorization = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;

beforeAll(async () => {
  emulator = await startServiceNowEmulator({ basic });
});
beforeEach(() => emulator.reset());
afterAll(() => emulator.close());

function addNote(): Promise<Response> {
  const { sys_id } = emulator.incident('INC0010001');
  const headers = { authorization, 'content-type': 'application/json' };
  return fetch(`${emulator.url}/api/now/table/incident/${sys_id}`, {
    method: 'PATCH',
    headers,
    body: '{"work_notes":"note"}',
  });
}

describe('fault switches', () => {
  it.each([
    [true, 1],
    [false, 0],
  ])(
    'lose-reply with applied %s: the caller sees a broken connection, the instance has %s note',
    async (applied, notes) => {
      emulator.faults.next({ kind: 'lose-reply', match: { method: 'PATCH' }, applied });
      await expect(addNote()).rejects.toThrow();
      expect(emulator.effects.workNotes).toBe(notes);
      expect(emulator.requests.at(-1)).toMatchObject({ method: 'PATCH', status: null, fault: 'lose-reply' });
    },
  );

  it('loses the reply after the write unless told otherwise', async () => {
    emulator.faults.next({ kind: 'lose-reply' });
    await expect(addNote()).rejects.toThrow();
    expect(emulator.effects.workNotes).toBe(1);
  });

  it('accepted-202 takes effect only when applyPending is called', async () => {
    emulator.faults.next({ kind: 'accepted-202' });
    expect((await addNote()).status).toBe(202);
    expect([emulator.effects.workNotes, emulator.faults.pending]).toEqual([0, 1]);
    expect(await emulator.faults.applyPending()).toBe(1);
    expect([emulator.effects.workNotes, emulator.faults.pending]).toEqual([1, 0]);
    expect(await emulator.faults.applyPending()).toBe(0);
  });

  it('accepted-202 with applied takes effect at once', async () => {
    emulator.faults.next({ kind: 'accepted-202', applied: true });
    expect((await addNote()).status).toBe(202);
    expect([emulator.effects.workNotes, emulator.faults.pending]).toEqual([1, 0]);
  });

  it('hold applies the write and keeps the reply until release', async () => {
    emulator.faults.next({ kind: 'hold' });
    const pending = addNote();
    await emulator.faults.whenHeld();
    expect([emulator.effects.workNotes, emulator.faults.held]).toEqual([1, 1]);
    expect(emulator.faults.release()).toBe(1);
    expect((await pending).status).toBe(200);
  });

  it('hold with applied false writes only after release', async () => {
    emulator.faults.next({ kind: 'hold', applied: false });
    const pending = addNote();
    await emulator.faults.whenHeld();
    expect(emulator.effects.workNotes).toBe(0);
    emulator.faults.release();
    await pending;
    expect(emulator.effects.workNotes).toBe(1);
  });

  it('delay answers late, and truly', async () => {
    emulator.faults.next({ kind: 'delay', delayMs: 1 });
    expect((await addNote()).status).toBe(200);
    expect(emulator.effects.workNotes).toBe(1);
  });

  it('rate-limit-429 answers as the vendor does and changes nothing', async () => {
    emulator.faults.next({ kind: 'rate-limit-429', retryAfterSeconds: 7, applied: true });
    const response = await addNote();
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('7');
    for (const name of ['x-ratelimit-limit', 'x-ratelimit-reset', 'x-ratelimit-rule'])
      expect(response.headers.get(name)).toBeTruthy();
    expect(await response.json()).toMatchObject({ error: { message: 'Rate limit exceeded' }, status: 'failure' });
    expect(emulator.effects.writes).toBe(0);
  });

  it.each([
    [undefined, 0],
    [true, 1],
  ])('server-error-5xx with applied %s leaves %s note', async (applied, notes) => {
    emulator.faults.next({ kind: 'server-error-5xx', status: 500, ...(applied === undefined ? {} : { applied }) });
    expect((await addNote()).status).toBe(500);
    expect(emulator.effects.workNotes).toBe(notes);
  });

  it('hits only what matches, as often as it says, in the order armed', async () => {
    emulator.faults.next({ kind: 'server-error-5xx', match: { path: '^/oauth_token' } });
    emulator.faults.next({
      kind: 'server-error-5xx',
      match: { method: 'patch', path: /incident/g },
      times: 2,
      status: 502,
    });
    emulator.faults.next({ kind: 'rate-limit-429' });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) statuses.push((await addNote()).status);
    expect(statuses).toEqual([502, 502, 429, 200]);
  });

  it('clear disarms, frees the held and forgets the pending', async () => {
    emulator.faults.next({ kind: 'accepted-202' });
    await addNote();
    emulator.faults.next({ kind: 'hold' });
    const pending = addNote();
    await emulator.faults.whenHeld();
    emulator.faults.next({ kind: 'lose-reply', times: 9 });
    emulator.faults.clear();
    expect((await pending).status).toBe(200);
    expect((await addNote()).status).toBe(200);
    expect(await emulator.faults.applyPending()).toBe(0);
  });

  it.each<[string, Fault]>([
    ['no times', { kind: 'hold', times: 0 }],
    ['a delay without a length', { kind: 'delay' }],
    ['a path that is no expression', { kind: 'hold', match: { path: '(' } }],
  ])('refuses %s', (_name, fault) => {
    expect(() => emulator.faults.next(fault)).toThrow(expect.objectContaining({ code: 'FAULT_INVALID' }));
  });

  it('close ends while a reply is held', async () => {
    const other = await startServiceNowEmulator({ basic });
    other.faults.next({ kind: 'hold' });
    const pending = fetch(`${other.url}/api/now/table/incident`, { headers: { authorization } });
    const lost = expect(pending).rejects.toThrow();
    await other.faults.whenHeld();
    await other.close();
    await lost;
  });

  it('refuses a port that is taken', async () => {
    await expect(startServiceNowEmulator({ port: emulator.port })).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
  });
});
