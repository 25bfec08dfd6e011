import { afterEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../types/errors.ts';
import type { AnswerHead, DepartureGate } from './egress-grant.ts';
import { broker, closeBrokers, failing, grant, ok, serve } from './test-broker.ts';

afterEach(closeBrokers);

type Asked = Parameters<DepartureGate['pass']>[0];

/** Lets pass what `may` says, and keeps what it was asked and told. */
function recordingGate(may: (asked: Asked, count: number) => boolean = () => true) {
  const asked: Asked[] = [];
  const heads: AnswerHead[] = [];
  const gate: DepartureGate = {
    pass(request, send) {
      asked.push(request);
      if (may(request, asked.length)) return send((head) => void heads.push(head));
      return Promise.reject(new RuntimeError('RATE_LIMITED', 'not now', { details: { retryAfterMs: 7_000 } }));
    },
  };
  return { gate, asked, heads };
}

describe('a POST', () => {
  it.each([
    [false, [503]],
    [true, [503, 503, 200]],
  ])('is sent again within a call only if the call reads: %s', async (readsOnly, statuses) => {
    let answers = 0;
    const server = await serve((_, response) => {
      answers += 1;
      response.writeHead(answers < 3 ? 503 : 200).end();
    });
    const session = broker().open(grant(server, { readsOnly }));
    await session.request({ method: 'POST', url: server.url });
    expect(session.trace().map(({ status }) => status)).toEqual(statuses);
  });

  it('or a GET waits for any part of a doubling pause (full jitter)', async () => {
    const server = await serve((_, response) => void response.writeHead(503).end());
    const drawn: number[] = [];
    const random = () => {
      drawn.push(0);
      return 0;
    };
    // With nothing drawn there is no pause, though it could be an hour.
    const retry = { maxRetries: 2, baseDelayMs: 3_600_000, maxRetryAfterMs: 0 };
    await broker({ random, retry }).open(grant(server)).request({ method: 'GET', url: server.url });
    expect(drawn).toHaveLength(2);
  });
});

describe('what is asked before a write', () => {
  it('keeps each from leaving that it refuses, tells so, and is not asked for reads', async () => {
    const server = await serve(ok);
    let asked = 0;
    const beforeWrite = async () => {
      asked += 1;
      if (asked > 1) throw new RuntimeError('RUN_FENCED', 'taken over');
    };
    const session = broker().open(grant(server, { beforeWrite }));
    await session.request({ method: 'GET', url: server.url });
    expect(asked).toBe(0);
    await session.request({ method: 'POST', url: server.url });
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      await expect(session.request({ method, url: server.url })).rejects.toEqual(failing('RUN_FENCED'));
    }
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
    expect(session.effect()).toBe('applied');
  });
});

describe('a gate', () => {
  it('is asked before each request, each redirect and each retry', async () => {
    let answers = 0;
    const server = await serve(({ path }, response) => {
      answers += 1;
      if (path === '/from') return void response.writeHead(302, { location: '/to' }).end();
      response.writeHead(answers < 3 ? 503 : 200).end();
    });
    const { gate, asked, heads } = recordingGate();
    await broker()
      .open(grant(server, { gate }))
      .request({ method: 'GET', url: `${server.url}/from` });
    expect(server.requests.map(({ path }) => path)).toEqual(['/from', '/to', '/to']);
    expect(asked).toHaveLength(3);
    expect(heads.map(({ status }) => status)).toEqual([302, 503, 200]);
  });

  it('that does not let a write leave leaves it undone, and says when to come back', async () => {
    const server = await serve(ok);
    const session = broker().open(grant(server, { gate: recordingGate(() => false).gate }));
    await expect(session.request({ method: 'POST', url: server.url })).rejects.toEqual(failing('RATE_LIMITED'));
    expect(server.requests).toEqual([]);
    expect([session.effect(), session.trace(), session.heldBackMs()]).toEqual(['none', [], 7_000]);
  });

  it('does not send a read again that it held back', async () => {
    const server = await serve(ok);
    const { gate, asked } = recordingGate(() => false);
    const session = broker().open(grant(server, { gate }));
    await expect(session.request({ method: 'GET', url: server.url })).rejects.toEqual(failing('RATE_LIMITED'));
    expect(asked).toHaveLength(1);
  });

  it('learns from an answer before its body is there', async () => {
    const server = await serve((_, response) => {
      response.writeHead(429, { 'retry-after': '30' }).write('…');
    });
    const { gate, heads } = recordingGate();
    const session = broker().open(grant(server, { gate }));
    const request = session.request({ method: 'POST', url: server.url });
    await expect.poll(() => heads).toMatchObject([{ status: 429, headers: { 'retry-after': '30' } }]);
    session.close();
    await expect(request).rejects.toEqual(failing('EGRESS_TIMEOUT'));
  });

  it('gets half of the time that is left, and knows what belongs to a write that has begun', async () => {
    const server = await serve(ok);
    const { gate, asked } = recordingGate();
    const session = broker().open(grant(server, { gate, timeoutMs: 10_000 }));
    await session.request({ method: 'POST', url: server.url });
    await session.request({ method: 'GET', url: server.url, timeoutMs: 3_000 });
    expect(asked.map(({ begun }) => begun)).toEqual([false, true]);
    expect(asked[0]?.patienceMs).toBeLessThanOrEqual(5_000);
    expect(asked[1]?.patienceMs).toBeLessThanOrEqual(1_500);
  });
});
