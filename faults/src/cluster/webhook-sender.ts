import { createHmac } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';

/** Where a vendor was told to send to. */
export interface Hook {
  readonly token: string;
  readonly secret: string;
  readonly trigger: 'changed' | 'noticed' | 'asked';
}

export interface Delivery {
  readonly hook: Hook;
  readonly id: string;
  readonly ticket: string;
}

/** What its sender knows of one try; `unknown`: the connection broke, and anything may have happened. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: boolean }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface WebhookSender {
  send(url: string, delivery: Delivery): Promise<Outcome>;
  close(): void;
}

const TIMEOUT_MS = 30_000;

export function createWebhookSender(): WebhookSender {
  const agent = new Agent({ keepAlive: true });
  return {
    async send(url, { hook, id, ticket }) {
      const body = JSON.stringify({ ticket });
      try {
        return await post(`${url}/hooks/${hook.token}`, headersOf(hook, id, body), body, agent);
      } catch (error) {
        return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

function headersOf({ trigger, secret }: Hook, id: string, body: string): Record<string, string> {
  const type = { 'content-type': 'application/json' };
  if (trigger !== 'changed') {
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return { ...type, 'x-github-delivery': id, 'x-hub-signature-256': `sha256=${signature}` };
  }
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...type, 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

function post(url: string, headers: Record<string, string>, body: string, agent: Agent): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent, timeout: TIMEOUT_MS }, (answer: IncomingMessage) => {
      // The status line is the answer: a vendor that has read it does not send again, whatever comes after.
      const { statusCode: status = 0, headers: given } = answer;
      resolve({ kind: 'answered', status, retryAfter: given['retry-after'] !== undefined });
      answer.resume().on('error', () => undefined);
    });
    sent
      .on('error', (cause: NodeJS.ErrnoException) => {
        const socket = sent.reusedSocket ? 'a connection used before' : 'a new connection';
        reject(new Error(`${cause.code ?? cause.message} on ${socket}`, { cause }));
      })
      .on('timeout', () => sent.destroy(new Error('no answer')));
    sent.end(body);
  });
}
