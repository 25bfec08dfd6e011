import { createTestContext, type Row, type ServiceNowEmulator, startServiceNowEmulator } from '@org/connector-testing';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pollIncidents } from './incident-poll.ts';
import { formatSysTime } from './sys-time.ts';
import { incidentChanged } from './triggers/incident-changed.ts';

const { eventKey, event } = incidentChanged;
const START = Date.parse('2026-03-01T12:00:00Z');
const basic = { user: 'connector.integration', password: crypto.randomUUID() };
/** Of the past: an hour before everything that happens here. */
const crowd: Row[] = Array.from({ length: 700 }, (_, index) => ({
  number: `INC${String(index).padStart(7, '0')}`,
  short_description: `row ${index}`,
  sys_updated_on: formatSysTime(START - 3_600_000),
}));
let instance: ServiceNowEmulator;
let clock = START;

beforeAll(async () => {
  instance = await startServiceNowEmulator({
    ...{ basic, seed: { incident: crowd }, clock: () => clock },
    timeZone: 'Pacific/Kiritimati',
  });
});
beforeEach(async () => {
  clock = START;
  await instance.reset();
});
afterAll(() => instance.close());

async function poll(cursor: string | undefined) {
  const authorization = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
  const context = createTestContext({ config: { instanceUrl: instance.url }, authorization });
  const { events, ...rest } = await pollIncidents(context, cursor);
  return { keys: events.map((found) => eventKey(event.parse(found))), lines: context.lines, ...rest };
}

/** Page after page, until there is no more. */
async function sweep(from: string, between: (page: number) => Promise<unknown> = async () => undefined) {
  const keys: string[] = [];
  let cursor = from;
  for (let page = 1; ; page += 1) {
    const read = await poll(cursor);
    keys.push(...read.keys);
    cursor = read.cursor;
    if (!read.more) return { keys, cursor, pages: page };
    if (page === 50) throw new Error('the sweep does not end');
    await between(page);
  }
}

const start = async () => (await poll(undefined)).cursor;
const numbers = (from: number, to: number) => crowd.slice(from, to).map(({ number = '' }) => number);
const change = async (number: string) => {
  const { sys_id, sys_mod_count } = await instance.changeIncident(number, { description: crypto.randomUUID() });
  return `${sys_id}:${sys_mod_count}`;
};
const changeAll = async (which: readonly string[]) => {
  const keys: string[] = [];
  for (const number of which) keys.push(await change(number));
  return keys;
};

describe('the first poll', () => {
  it('finds where "now" is: what was changed before is no event, then or later', async () => {
    const first = await poll(undefined);
    expect(first).toMatchObject({ keys: [], more: false });
    expect((await sweep(first.cursor)).keys).toEqual([]);
  });

  it('does not lose what is changed in the second in which it asks', async () => {
    await change('INC0000001');
    const cursor = await start();
    const later = await change('INC0000002');
    expect((await sweep(cursor)).keys).toContain(later);
  });

  it('of a table without a row that is visible goes on with the first that comes', async () => {
    for (const { number = '' } of crowd) instance.hideIncident(number);
    const cursor = await start();
    clock += 1_000;
    const { sys_id } = await instance.createIncident({ short_description: 'the first' });
    expect((await sweep(cursor)).keys).toEqual([`${sys_id}:0`]);
  });
});

describe('pitfall 37', () => {
  it('500 rows of one second are seen, each once, and again only within the overlap', async () => {
    const from = await start();
    clock += 60_000;
    const keys = await changeAll(numbers(0, 500));
    const first = await sweep(from);
    expect(first.keys.toSorted()).toEqual(keys.toSorted());
    expect(new Set((await sweep(first.cursor)).keys)).toEqual(new Set(keys));
    clock += 600_000;
    const later = await change('INC0000042');
    const third = await sweep(first.cursor);
    expect(third.keys.filter((key) => !keys.includes(key))).toEqual([later]);
    expect((await sweep(third.cursor)).keys).toEqual([later]);
  });

  it('a row of the same second that comes after the page was read is seen', async () => {
    const from = await start();
    clock += 60_000;
    await changeAll(numbers(0, 3));
    const first = await sweep(from);
    const late = await changeAll(numbers(3, 6));
    expect((await sweep(first.cursor)).keys).toEqual(expect.arrayContaining(late));
  });
});

describe('pitfall 38', () => {
  it('a short page is not the end: rows that an ACL hides are stepped over', async () => {
    const from = await start();
    clock += 60_000;
    const hidden = numbers(0, 650).filter((_, index) => index % 100 !== 99);
    await changeAll(numbers(0, 650));
    for (const number of hidden) instance.hideIncident(number);
    const seen = await sweep(from);
    expect(seen.keys).toHaveLength(6);
    expect(seen.keys).not.toContain(`${instance.incident('INC0000000').sys_id}:1`);
  });

  it('whole pages without a visible row are stepped over, also while rows leave them', async () => {
    const from = await start();
    for (const number of numbers(0, 400)) {
      clock += 1_000;
      await change(number);
      instance.hideIncident(number);
    }
    clock += 1_000;
    const visible = await changeAll(numbers(400, 420));
    clock += 3_600_000;
    // Each that is changed anew leaves its place, and what comes behind it moves up.
    const seen = await sweep(from, async (page) => {
      if (page === 2) await changeAll(numbers(0, 40));
    });
    expect(seen.keys).toEqual(expect.arrayContaining(visible));
  });

  it.each(['Pacific/Kiritimati', 'Etc/GMT+12', 'UTC'])(
    'the time zone of this machine (%s) and of the user do not matter',
    async (zone) => {
      const before = process.env.TZ;
      process.env.TZ = zone;
      try {
        const from = await start();
        clock += 60_000;
        const key = await change('INC0000007');
        const { keys, cursor } = await sweep(from);
        expect(keys).toEqual([key]);
        expect(JSON.parse(cursor)).toMatchObject({ updatedOn: new Date(clock).toISOString() });
      } finally {
        if (before === undefined) delete process.env.TZ;
        else process.env.TZ = before;
      }
    },
  );

  it('an instance without a count is read until a page is empty', async () => {
    const from = await start();
    clock += 60_000;
    await changeAll(numbers(0, 450));
    for (const number of numbers(0, 450).filter((_, index) => index % 3 === 0)) instance.hideIncident(number);
    const counting = globalThis.fetch;
    globalThis.fetch = async (...asked) => {
      const answer = await counting(...asked);
      const headers = new Headers(answer.headers);
      headers.delete('x-total-count');
      return new Response(answer.body, { status: answer.status, headers });
    };
    try {
      expect((await sweep(from)).keys).toHaveLength(300);
    } finally {
      globalThis.fetch = counting;
    }
  });
});

describe('pitfall 39', () => {
  const late = (ageMs: number) =>
    instance.createIncident({ short_description: 'late', sys_updated_on: formatSysTime(clock - ageMs) });

  it('a row whose transaction was long, stamped before rows that were read, is seen', async () => {
    const from = await start();
    clock += 600_000;
    await changeAll(numbers(0, 10));
    const { cursor } = await sweep(from);
    const { sys_id } = await late(110_000);
    expect((await sweep(cursor)).keys).toContain(`${sys_id}:0`);
  });

  it('also when there is always another page, because the instance is busy', async () => {
    const from = await start();
    clock += 600_000;
    await changeAll(numbers(0, 300));
    let at = 0;
    let wanted = '';
    const { keys } = await sweep(from, async (page) => {
      if (page > 12) return;
      clock += 60_000;
      if (page === 4) wanted = `${(await late(100_000)).sys_id}:0`;
      at = (at + 250) % 500;
      await changeAll(numbers(at, at + 250));
    });
    expect(wanted).not.toBe('');
    expect(keys).toContain(wanted);
  });
});

it('a row that is stamped with a time to come does not hide what is changed until then', async () => {
  const from = await start();
  clock += 60_000;
  const { sys_id } = await instance.createIncident({ sys_updated_on: '2099-01-01 00:00:00' });
  const first = await sweep(from);
  expect(first.keys).toEqual([`${sys_id}:0`]);
  clock += 600_000;
  const key = await change('INC0000003');
  expect((await sweep(first.cursor)).keys).toContain(key);
  clock += 1_000;
  const again = await start();
  clock += 60_000;
  expect((await sweep(again)).keys).toContain(`${sys_id}:0`);
  expect((await sweep(again)).keys).not.toContain(key);
});

it('what the connector’s own user changed is no event: a workflow that writes would start itself', async () => {
  const from = await start();
  clock += 60_000;
  await instance.changeIncident('INC0000001', { state: '2' }, basic.user);
  const key = await change('INC0000002');
  expect((await sweep(from)).keys).toEqual([key]);
});

describe('records whose version an ACL hides', () => {
  it('are left out, and told of', async () => {
    const from = await start();
    clock += 60_000;
    const key = await change('INC0000001');
    await instance.createIncident({ sys_mod_count: '' });
    const { keys, lines } = await poll(from);
    expect(keys).toEqual([key]);
    expect(lines).toMatchObject([{ level: 'warn', fields: { incidents: 1 } }]);
  });

  it('are a failure when there are no others', async () => {
    const from = await start();
    clock += 60_000;
    await instance.createIncident({ sys_mod_count: '' });
    await expect(poll(from)).rejects.toMatchObject({ code: 'SERVICENOW_FIELD_HIDDEN' });
  });
});

it('a cursor that is not its own is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (cursor) => {
      await expect(poll(cursor)).rejects.toMatchObject({ code: 'SERVICENOW_CURSOR_INVALID' });
    }),
    { numRuns: 200 },
  );
  const injected = JSON.stringify({ updatedOn: new Date(START).toISOString(), afterId: 'x^OR1=1', skip: 0 });
  await expect(poll(injected)).rejects.toMatchObject({ code: 'SERVICENOW_CURSOR_INVALID' });
});
