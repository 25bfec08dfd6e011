import type { ActionContext } from '@org/connector-sdk';
import { createTestContext } from '@org/connector-testing';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addWorkNote } from './actions/add-work-note.ts';
import { getIncident } from './actions/get-incident.ts';
import { updatePriority } from './actions/update-priority.ts';
import { connection } from './connection.ts';

/**
 * Answers derived from the vendor's documentation (Table API, inbound REST rate limiting; Apache-2.0). No recorded session
 * of a real instance is openly licensed.
 */
const sysId = 'a9e30c7dc61122760116894de7bcc7bd';
const path = `/api/now/table/incident/${sysId}`;
const failure = (message: string, detail: string | null) => ({ error: { message, detail }, status: 'failure' });
const shown = (value: string, display = value) => ({ display_value: display, value });
const incident = {
  sys_id: shown(sysId),
  number: shown('INC0000046'),
  short_description: shown("Can't access SFA software"),
  description: shown(''),
  state: shown('1', 'Neu'),
  priority: shown('3', '3 - Mittel'),
  impact: shown('1', '1 - Hoch'),
  urgency: shown('3', '3 - Niedrig'),
  category: shown('software', 'Software'),
  subcategory: { display_value: null, value: '' },
  assignment_group: {
    display_value: 'Service Desk',
    value: '8a4dde73c6112278017a6a4baf547aa7',
    link: 'https://instance.service-now.com/api/now/table/sys_user_group/8a4dde73c6112278017a6a4baf547aa7',
  },
  assigned_to: '',
  sys_updated_on: { display_value: '01.11.2015 23:37:27', value: '2015-11-01 22:37:27' },
  sys_mod_count: shown('4'),
};

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});
afterAll(() => nock.restore());

const instance = () => nock('https://instance.service-now.com').matchHeader('authorization', 'Bearer test');

function contextOf<Input>(input: Input): ActionContext<Input, { instanceUrl: string }> {
  const config = { instanceUrl: 'https://instance.service-now.com' };
  const context = createTestContext({ config, authorization: 'Bearer test' });
  return { ...context, input, idempotencyKey: '01jd0000000000000000000abc', attempt: 1 };
}

describe('a read', () => {
  it('takes raw values, whatever the language and time zone of the user', async () => {
    instance().get(path).query(true).reply(200, { result: incident });
    expect(await getIncident.run(contextOf({ sysId }))).toMatchObject({
      state: { value: '1', display: 'Neu' },
      subcategory: { value: '', display: '' },
      assignmentGroup: { id: '8a4dde73c6112278017a6a4baf547aa7', name: 'Service Desk' },
      assignedTo: null,
      updatedOn: '2015-11-01T22:37:27.000Z',
      modCount: 4,
    });
  });

  it('asks for the fields it uses and no others', async () => {
    let query: URLSearchParams | undefined;
    instance()
      .get((uri) => {
        query = new URL(uri, 'https://instance.service-now.com').searchParams;
        return true;
      })
      .reply(200, { result: incident });
    await getIncident.run(contextOf({ sysId }));
    expect(query?.get('sysparm_display_value')).toBe('all');
    expect(query?.get('sysparm_fields')?.split(',')).toEqual(Object.keys(incident));
  });

  it('takes fields that an ACL hides as empty, and says when it is one that it needs', async () => {
    const { description: _, assignment_group: __, ...hidden } = incident;
    instance().get(path).query(true).reply(200, { result: hidden });
    expect(await getIncident.run(contextOf({ sysId }))).toMatchObject({ description: '', assignmentGroup: null });
    const { sys_mod_count: ___, ...unversioned } = incident;
    instance().get(path).query(true).reply(200, { result: unversioned });
    await expect(getIncident.run(contextOf({ sysId }))).rejects.toMatchObject({ code: 'SERVICENOW_FIELD_HIDDEN' });
  });

  it.each([
    [
      401,
      failure('User Not Authenticated', 'Required to provide Auth information'),
      'SERVICENOW_UNAUTHORIZED',
      'failed',
    ],
    [403, failure('Operation Failed', 'ACL Exception'), 'SERVICENOW_FORBIDDEN', 'failed'],
    [
      404,
      failure('No Record found', "Record doesn't exist or ACL restricts the record retrieval"),
      'SERVICENOW_NOT_FOUND',
      'failed',
    ],
    [429, failure('Rate limit exceeded', 'Rejected by a rule'), 'SERVICENOW_RATE_LIMITED', 'retryable'],
    [400, failure('Invalid table', null), 'SERVICENOW_REJECTED', 'failed'],
    [202, '', 'SERVICENOW_UNAVAILABLE', 'retryable'],
    [503, '<html>maintenance</html>', 'SERVICENOW_UNAVAILABLE', 'retryable'],
  ] as const)('words a %i', async (status, body, code, kind) => {
    instance().get(path).query(true).reply(status, body, { 'Retry-After': '12' });
    await expect(getIncident.run(contextOf({ sysId }))).rejects.toMatchObject({ code, kind });
  });

  it('does not take another record for the one asked for when the instance drops the condition', async () => {
    instance()
      .get('/api/now/table/incident')
      .query(true)
      .reply(200, { result: [incident] });
    await expect(getIncident.run(contextOf({ number: 'INC0000047' }))).rejects.toMatchObject({
      code: 'SERVICENOW_NOT_FOUND',
    });
  });

  it('puts nothing of the answer into the error', async () => {
    instance().get(path).query(true).reply(403, failure('Operation Failed', 'secret-of-the-instance'));
    const error: unknown = await getIncident.run(contextOf({ sysId })).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error)).not.toContain('secret-of-the-instance');
  });
});

describe('a write', () => {
  const input = { sysId, impact: '2', urgency: '3' } as const;

  it('says when the instance kept a field back without a word', async () => {
    instance().get(path).query(true).reply(200, { result: incident });
    instance().patch(path).query(true).reply(200, { result: incident });
    await expect(updatePriority.run(contextOf(input))).rejects.toMatchObject({
      code: 'SERVICENOW_CHANGE_DROPPED',
      details: { fields: ['impact'] },
    });
  });

  it('is unknown when the answer cannot be read', async () => {
    instance().get(path).query(true).reply(200, { result: incident });
    instance().patch(path).query(true).reply(200, '<html>');
    await expect(updatePriority.run(contextOf(input))).rejects.toMatchObject({ code: 'ACTION_OUTCOME_UNKNOWN' });
  });

  it.each([
    [403, 'SERVICENOW_FORBIDDEN', 'failed'],
    [429, 'SERVICENOW_RATE_LIMITED', 'retryable'],
    [202, 'ACTION_OUTCOME_UNKNOWN', 'outcome-unknown'],
    [500, 'ACTION_OUTCOME_UNKNOWN', 'outcome-unknown'],
  ] as const)('words a %i', async (status, code, kind) => {
    instance().patch(path).query(true).reply(status, failure('x', null));
    await expect(addWorkNote.run(contextOf({ sysId, note: 'n' }))).rejects.toMatchObject({ code, kind });
  });

  it('sends the changed fields and nothing else', async () => {
    const after = { ...incident, impact: shown('2'), urgency: shown('3') };
    instance().get(path).query(true).reply(200, { result: incident });
    instance().patch(path, { impact: '2', urgency: '3' }).query(true).reply(200, { result: after });
    expect(await updatePriority.run(contextOf(input))).toMatchObject({ number: 'INC0000046' });
  });
});

describe('resolving a work note', () => {
  const journal = () => instance().get('/api/now/table/sys_journal_field').query(true);
  const resolve = () => addWorkNote.resolve?.(contextOf({ sysId, note: 'n' }));

  it('leaves it open when the journal may not be read', async () => {
    journal().reply(403, failure('Operation Failed', 'ACL Exception'));
    expect(await resolve()).toMatchObject({ outcome: 'unknown' });
  });

  it('leaves it open when an ACL hides the entries that were counted', async () => {
    journal().reply(200, { result: [] }, { 'X-Total-Count': '1' });
    expect(await resolve()).toMatchObject({ outcome: 'unknown' });
  });

  it('does not take an entry of another record for ours', async () => {
    const entry = {
      element_id: '0'.repeat(32),
      value: 'n [ref:01jd0000000000000000000abc]',
      sys_created_on: '2015-11-01 22:37:27',
    };
    journal().reply(200, { result: [entry] }, { 'X-Total-Count': '1' });
    expect(await resolve()).toEqual({ outcome: 'not-applied' });
  });

  it('passes on that it should be asked again later', async () => {
    journal().reply(429, failure('Rate limit exceeded', null));
    await expect(resolve()).rejects.toMatchObject({ code: 'SERVICENOW_RATE_LIMITED', kind: 'retryable' });
  });
});

describe('the connection', () => {
  const { config } = connection;

  it.each([
    'http://example.service-now.com',
    'https://user:pass@example.service-now.com',
    'https://example.service-now.com/path',
    'https://example.service-now.com?x=1',
    'http://127.0.0.1.example.com',
    'http://localhost:1@example.com',
    'ftp://example.com',
    '//example.com',
  ])('refuses the instance %s', (instanceUrl) => {
    expect(config.safeParse({ instanceUrl }).success).toBe(false);
  });

  it.each(['https://example.service-now.com/', 'http://127.0.0.1:8080', 'http://localhost:8080/'])(
    'takes %s',
    (instanceUrl) => {
      expect(config.parse({ instanceUrl })).toEqual({ instanceUrl: instanceUrl.replace(/\/$/, '') });
    },
  );

  it('names the account it reached', async () => {
    instance().get('/api/now/table/incident').query(true).reply(200, { result: [] });
    const context = createTestContext({
      config: { instanceUrl: 'https://instance.service-now.com' },
      authorization: 'Bearer test',
    });
    expect(await connection.test(context)).toEqual({ account: 'instance.service-now.com' });
  });
});
