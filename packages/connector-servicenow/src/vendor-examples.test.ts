import { readdirSync, readFileSync } from 'node:fs';
import type { ActionContext } from '@org/connector-sdk';
import { createTestContext } from '@org/connector-testing';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { addWorkNote } from './actions/add-work-note.ts';
import { getIncident } from './actions/get-incident.ts';
import { incidentFields, incidentRecord } from './incident-record.ts';
import { listRows } from './servicenow-api.ts';

/** The examples of the vendor's documentation: fixtures/servicenow/SOURCE.md says where each comes from. */
const folder = new URL('../../../fixtures/servicenow/', import.meta.url);
const exampleFile = z.object({
  request: z.object({ method: z.string(), path: z.string() }),
  answer: z.object({
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: z.record(z.string(), z.unknown()),
  }),
});
type Example = z.infer<typeof exampleFile>;

const instanceUrl = 'https://instance.example.com';
const documentedSysId = 'a9e30c7dc61122760116894de7bcc7bd';
const documentedField = z.union([z.string(), z.object({ value: z.string() }).transform(({ value }) => value)]);
const documentedRecord = z.record(z.string(), documentedField);

function readExample(name: string): Example {
  return exampleFile.parse(JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')));
}

/** Serves the example, whatever the connector adds as query: it asks for fewer fields and for display values. */
function serve({ request, answer }: Example): void {
  const [path = ''] = request.path.split('?');
  nock(instanceUrl)
    .matchHeader('authorization', 'Bearer test')
    .intercept(path, request.method)
    .query(true)
    .reply(answer.status, answer.body, answer.headers);
}

function contextOf<Input>(input: Input): ActionContext<Input, { instanceUrl: string }> {
  const context = createTestContext({ config: { instanceUrl }, authorization: 'Bearer test' });
  return { ...context, input, idempotencyKey: '01jd0000000000000000000abc', attempt: 1 };
}

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});
afterAll(() => nock.restore());

describe('a documented record', () => {
  it.each(['list-problems', 'read-incident', 'patch-incident', 'put-incident', 'create-incident'])(
    'of %s is read field by field',
    (name) => {
      const { result } = z
        .object({
          result: z.union([
            z
              .array(z.unknown())
              .length(1)
              .transform(([row]) => row),
            z.unknown(),
          ]),
        })
        .parse(readExample(name).answer.body);
      const documented = documentedRecord.parse(result);
      const parsed = incidentRecord.parse(result);
      for (const field of incidentFields) expect(parsed[field].value, field).toBe(documented[field] ?? '');
      expect(parsed.sys_id.value).not.toBe('');
    },
  );
});

describe('a documented answer', () => {
  it('of a record becomes an incident', async () => {
    serve(readExample('read-incident'));
    expect(await getIncident.run(contextOf({ sysId: documentedSysId }))).toMatchObject({
      sysId: documentedSysId,
      number: 'INC0000046',
      shortDescription: "Can't access SFA software",
      priority: { value: '3', display: '3' },
      category: { value: 'software' },
      assignmentGroup: { id: '8a4dde73c6112278017a6a4baf547aa7' },
      assignedTo: null,
      updatedOn: '2015-11-01T22:37:27.000Z',
      modCount: 4,
    });
  });

  it('of a list is read with its count, and a record without a category is no surprise', async () => {
    const example = readExample('list-problems');
    const number = 'PRB0000050';
    serve({ ...example, request: { ...example.request, path: '/api/now/table/incident' } });
    expect(await getIncident.run(contextOf({ number }))).toMatchObject({
      number,
      category: { value: '', display: '' },
      assignmentGroup: null,
      updatedOn: '2016-01-19T04:52:04.000Z',
      modCount: 1,
    });
    serve({ ...example, request: { ...example.request, path: '/api/now/table/incident' } });
    const query = { query: `number=${number}`, fields: ['number'], limit: 1 };
    const { response, total } = await listRows(contextOf({}), 'incident', query);
    expect(total).toBe(Number(example.answer.headers['X-Total-Count']));
    expect(response.json(z.object({ result: z.array(incidentRecord) })).result).toHaveLength(1);
  });

  it('of an empty list is an incident that does not exist', async () => {
    serve(readExample('list-nothing'));
    await expect(getIncident.run(contextOf({ number: 'INC9999999' }))).rejects.toMatchObject({
      code: 'SERVICENOW_NOT_FOUND',
    });
  });

  it('of a PATCH is a write that took effect', async () => {
    const example = readExample('patch-incident');
    serve(example);
    const sysId = example.request.path.split('/').at(-1) ?? '';
    expect(await addWorkNote.run(contextOf({ sysId, note: 'n' }))).toMatchObject({
      sysId,
      addedOn: '2016-01-22T14:12:37.000Z',
    });
  });
});

describe('a documented refusal', () => {
  const refusals = [
    ['refuse-unauthenticated', 'SERVICENOW_UNAUTHORIZED', 'failed'],
    ['refuse-missing-record', 'SERVICENOW_NOT_FOUND', 'failed'],
    ['refuse-rate-limited', 'SERVICENOW_RATE_LIMITED', 'retryable'],
  ] as const;

  it.each(refusals)('%s becomes %s for a read', async (name, code, kind) => {
    const example = readExample(name);
    serve(example);
    const sysId = example.request.path.split('/').at(-1) ?? '';
    await expect(getIncident.run(contextOf({ sysId }))).rejects.toMatchObject({ code, kind });
  });

  it.each(refusals)('%s becomes %s for a write, which then did not happen', async (name, code, kind) => {
    const example = readExample(name);
    serve({ ...example, request: { ...example.request, method: 'PATCH' } });
    const sysId = example.request.path.split('/').at(-1) ?? '';
    await expect(addWorkNote.run(contextOf({ sysId, note: 'n' }))).rejects.toMatchObject({ code, kind });
  });

  it('of a rate limit says when to come back', async () => {
    const example = readExample('refuse-rate-limited');
    serve(example);
    await expect(getIncident.run(contextOf({ sysId: documentedSysId }))).rejects.toMatchObject({
      details: { retryAfterSeconds: Number(example.answer.headers['Retry-After']) },
    });
  });

  it('is tested here, whichever there is', () => {
    const present = readdirSync(folder).filter((name) => name.startsWith('refuse-'));
    expect(present.sort()).toEqual(refusals.map(([name]) => `${name}.json`).sort());
  });
});
