import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectEmulatorControl, type EmulatorControl } from './control-client.ts';
import { parseEmulatorsConfig } from './emulators-config.ts';
import { startEmulatorsProcess } from './emulators-process.ts';

let started: Awaited<ReturnType<typeof startEmulatorsProcess>>;
let control: EmulatorControl;
let stops = 0;
const outboundSecret = 'test-only-outbound-secret';

beforeAll(async () => {
  const config = parseEmulatorsConfig(
    JSON.stringify({
      servicenow: { basic: { user: 'connector.integration', password: 'test-only-password' } },
      slack: { users: [{ name: 'dana' }], channels: ['approvals'] },
    }),
  );
  started = await startEmulatorsProcess(config, () => {
    stops += 1;
  });
  control = connectEmulatorControl(started.ready.control);
});
beforeEach(async () => {
  await control.servicenow.reset();
  await control.slack.reset();
});
afterAll(() => started.close());

async function postMessage(): Promise<string> {
  const { apiUrl, botToken } = started.ready.slack;
  const { channels } = await control.slack.directory();
  const button = { type: 'button', action_id: 'approve', text: { type: 'plain_text', text: 'Approve' }, value: 'ap-1' };
  const body = JSON.stringify({
    channel: channels.approvals,
    text: 'Approve?',
    blocks: [{ type: 'actions', elements: [button] }],
  });
  const headers = { authorization: `Bearer ${botToken}`, 'content-type': 'application/json' };
  const answer: unknown = await (await fetch(`${apiUrl}chat.postMessage`, { method: 'POST', headers, body })).json();
  return typeof answer === 'object' && answer !== null && 'ts' in answer ? String(answer.ts) : '';
}

describe('the control client', () => {
  it('shows what took effect everywhere', async () => {
    const ts = await postMessage();
    await control.servicenow.changeIncident('INC0010001', { work_notes: 'Called the customer' });
    const state = await control.state();
    expect(state.servicenow.incidents.find(({ number }) => number === 'INC0010001')).toMatchObject({
      sys_mod_count: '1',
    });
    expect(state.servicenow.journals.INC0010001).toMatchObject([{ element: 'work_notes', createdBy: 'beth.anglin' }]);
    expect(state.servicenow.effects).toEqual({ writes: 0, workNotes: 0, fieldUpdates: 0, reads: 0 });
    expect(state.slack).toMatchObject({ effects: { posts: 1, updates: 0 }, messages: { approvals: [{ ts }] } });
    expect(state.github).toEqual({ effects: { reads: 0, tokens: 0 }, requests: [], issuedTokens: [] });
  });

  it('drives the outbound webhook and a click against a real receiver', async () => {
    // The Slack front itself is a receiver: it answers 404 outside its Web API.
    const url = `${started.ready.slack.url}/hooks/x`;
    await control.servicenow.configureOutbound({ url, secret: outboundSecret });
    await control.servicenow.changeIncident('INC0010001', { urgency: '1' }, 'david.loo');
    const [delivery] = await control.servicenow.outboundDeliveries();
    expect(delivery).toMatchObject({ status: 404, attempts: 1 });
    const tampered = await control.servicenow.redeliver(delivery?.id ?? '', { signature: 'missing' });
    expect(tampered.headers).not.toHaveProperty('x-connector-signature');
    const ts = await postMessage();
    const click = { channel: 'approvals', ts, actionId: 'approve', user: 'dana', url };
    expect(await control.slack.click(click)).toMatchObject({ status: 404 });
    expect(await control.slack.forgeClick({ ...click, forgery: 'stale' })).toMatchObject({ status: 404 });
  });

  it('arms faults in the other process', async () => {
    await control.github.faults.next({ kind: 'server-error-5xx', match: { path: '^/repos/' } });
    expect((await fetch(`${started.ready.github.url}/repos/acme/payments-api/pulls`)).status).toBe(503);
    await control.slack.faults.next({ kind: 'hold' });
    const pending = postMessage();
    await control.slack.faults.whenHeld();
    expect(await control.slack.faults.release()).toBe(1);
    expect(await pending).not.toBe('');
  });

  it('passes refusals on with the emulator’s code', async () => {
    await expect(control.servicenow.incident('INC9')).rejects.toMatchObject({
      code: 'CONTROL_REFUSED',
      details: { code: 'INCIDENT_UNKNOWN' },
    });
    const badFault = control.slack.faults.next({ kind: 'delay' });
    await expect(badFault).rejects.toMatchObject({ code: 'CONTROL_REFUSED', details: { code: 'FAULT_INVALID' } });
    const badTarget = control.servicenow.configureOutbound({ url: 'nope', secret: outboundSecret });
    await expect(badTarget).rejects.toMatchObject({ code: 'CONTROL_REFUSED' });
  });

  it('is refused without the secret path', async () => {
    const stranger = connectEmulatorControl(new URL(started.ready.control).origin);
    await expect(stranger.state()).rejects.toMatchObject({ code: 'CONTROL_REFUSED' });
    await expect(stranger.stop()).rejects.toMatchObject({ code: 'CONTROL_REFUSED' });
    expect(stops).toBe(0);
  });

  it('says when nobody answers', async () => {
    await expect(connectEmulatorControl('http://127.0.0.1:9').state()).rejects.toMatchObject({
      code: 'CONTROL_UNREACHABLE',
    });
  });
});

describe('parseEmulatorsConfig', () => {
  it.each(['', '[]', '{"servicenow":{"prot":1}}', '{"slack":{"signingSecret":"short"}}', '{"github":{"port":70000}}'])(
    'refuses %s',
    (text) => {
      expect(() => parseEmulatorsConfig(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );
});
