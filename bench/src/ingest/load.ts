// Sends deliveries, signed before the clock starts, over raw sockets: the sender must cost less than what it measures.
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { at } from '../bench.ts';
import { answerParent } from '../child.ts';
import type { LoadReport, LoadStart } from './messages.ts';

answerParent(async (start: LoadStart): Promise<LoadReport> => {
  const requests = Array.from({ length: start.deliveries }, () => newRequest(start));
  const sockets = await Promise.all(Array.from({ length: start.connections }, () => open(start.port)));
  const latencies: number[] = [];
  let next = 0;
  let refused = 0;
  const started = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      for (let index = next++; index < requests.length; index = next++) {
        const sent = performance.now();
        const status = await exchange(socket, requests[index] ?? Buffer.alloc(0));
        latencies.push(performance.now() - sent);
        if (status < 200 || status > 299) refused += 1;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  return { seconds, p50Ms: at(latencies, 0.5), p99Ms: at(latencies, 0.99), refused };
});

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** One request, and its whole answer; the sockets stay open, as vendors keep theirs. */
function exchange(socket: Socket, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const onEnd = () => reject(new Error(`the server hung up after ${JSON.stringify(answer)}`));
    const onData = (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      if (!isWhole(answer)) return;
      socket.off('data', onData).off('close', onEnd);
      resolve(Number(answer.slice(9, 12)));
    };
    socket.on('data', onData).on('close', onEnd);
    socket.write(request);
  });
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1];
  return length === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length >= end + 4 + Number(length);
}

function newRequest({ path, scheme, secret, bodyBytes }: LoadStart): Buffer {
  const id = randomUUID();
  const event = { type: 'event_callback', event_id: id, team_id: 'T1', api_app_id: 'A1', action: 'opened' };
  const inner = { type: 'message', channel: 'C1', user: 'U1', text: '' };
  const bare = JSON.stringify({ ...event, event: inner }).length;
  const text = 'x'.repeat(Math.max(0, bodyBytes - bare));
  const body = Buffer.from(JSON.stringify({ ...event, event: { ...inner, text } }));
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: hooks.example',
    'User-Agent: GitHub-Hookshot/bench',
    'Accept: */*',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...(scheme === 'slack' ? slackHeaders(secret, body) : githubHeaders(secret, body, id)),
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

function githubHeaders(secret: string, body: Buffer, id: string): string[] {
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return [`X-GitHub-Delivery: ${id}`, 'X-GitHub-Event: issues', `X-Hub-Signature-256: sha256=${signature}`];
}

function slackHeaders(secret: string, body: Buffer): string[] {
  const time = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`v0:${time}:`).update(body).digest('hex');
  return [`X-Slack-Request-Timestamp: ${time}`, `X-Slack-Signature: v0=${signature}`];
}
