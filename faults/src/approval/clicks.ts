import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SlackEmulator } from '@org/connector-testing';

/** What Slack would send: its bytes and what it signs them with. */
export interface SignedClick {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ClickOf {
  readonly approvalId: string;
  readonly actionId: 'approve' | 'deny';
  /** The person's id. */
  readonly user: string;
  readonly team?: string;
}

/** Where Slack’s app posts to: what came is kept instead of being worked on. */
interface Recorder {
  readonly url: string;
  readonly received: SignedClick[];
  close(): Promise<void>;
}

/**
 * Clicks as the emulator makes them from a real message: one is recorded, and others differ from it in who, what, and the trigger id
 * that Slack gives each anew.
 */
export async function createClicks(slack: SlackEmulator, ts: string) {
  const recorder = await startRecorder();
  const channel = 'incidents';
  await slack.click({ channel, ts, actionId: 'approve', user: 'dana', url: recorder.url });
  await recorder.close();
  const [recorded] = recorder.received;
  if (recorded === undefined) throw new Error('the emulator clicked nothing');
  const template = JSON.parse(new URLSearchParams(recorded.body).get('payload') ?? '') as Template;

  return {
    sign({ approvalId, actionId, user, team = slack.team.id }: ClickOf): SignedClick {
      const [action] = template.actions;
      const payload = {
        ...template,
        trigger_id: randomBytes(16).toString('hex'),
        user: { ...template.user, id: user, team_id: team },
        actions: [{ ...action, action_id: actionId, value: approvalId }],
      };
      const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
      const timestamp = String(Math.floor(Date.now() / 1000));
      const signature = createHmac('sha256', slack.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': timestamp,
        'x-slack-signature': `v0=${signature}`,
      };
      return { body, headers };
    },
  };
}

interface Template {
  readonly user: Readonly<Record<string, unknown>>;
  readonly actions: readonly Readonly<Record<string, unknown>>[];
}

/** Gives the status, and how long the answer took. */
export async function sendClick(
  url: string,
  { body, headers }: SignedClick,
): Promise<{ readonly status: number; readonly ms: number }> {
  const started = performance.now();
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual' });
  await response.arrayBuffer();
  return { status: response.status, ms: performance.now() - started };
}

async function startRecorder(): Promise<Recorder> {
  const received: SignedClick[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      received.push({ body, headers: {} });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
