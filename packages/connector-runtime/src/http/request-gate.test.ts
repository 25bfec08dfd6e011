import { describe, expect, it } from 'vitest';
import { createRequestGate } from './request-gate.ts';

const request = new Request('http://x/');
const http1 = { incoming: { rawHeaders: [], httpVersionMajor: 1 } };
const http2 = { incoming: { rawHeaders: [], httpVersionMajor: 2 } };

function openGate() {
  const answers: PromiseWithResolvers<Response>[] = [];
  const gate = createRequestGate(() => {
    const answer = Promise.withResolvers<Response>();
    answers.push(answer);
    return answer.promise;
  });
  return { gate, answers };
}

describe('a gate', () => {
  it('lets everything through while it drains, and makes each answer the last of its HTTP/1 connection', async () => {
    const gate = createRequestGate(() => new Response('ok'));
    const connection = async (env?: object) => (await gate.fetch(request, env)).headers.get('connection');
    expect([await connection(http1), gate.isDraining]).toEqual([null, false]);
    gate.drain();
    expect([await connection(http1), await connection(http2), await connection()]).toEqual(['close', null, null]);
    expect(gate.isDraining).toBe(true);
  });

  it('also tells a request that was in hand when the draining began', async () => {
    const { gate, answers } = openGate();
    const answered = gate.fetch(request, http1);
    gate.drain();
    answers[0]?.resolve(new Response('ok'));
    expect((await answered).headers.get('connection')).toBe('close');
  });

  it('finishes what is in hand when it closes, and refuses what comes then', async () => {
    const { gate, answers } = openGate();
    const [first, second] = [gate.fetch(request, http1), gate.fetch(request, http1)];
    const closed = gate.close(60_000);
    const late = await gate.fetch(request, http1);
    expect([late.status, late.headers.get('retry-after'), answers.length]).toEqual([503, '5', 2]);
    answers[0]?.resolve(new Response('ok'));
    expect(await Promise.race([closed, first.then(() => 'still open')])).toBe('still open');
    answers[1]?.reject(new Error('the sender hung up'));
    await expect(second).rejects.toThrow('hung up');
    expect(await closed).toBe(true);
  });

  it('says when what is in hand took too long', async () => {
    const { gate } = openGate();
    void gate.fetch(request, http1);
    expect(await gate.close(1)).toBe(false);
  });

  it('that has nothing in hand closes at once', async () => {
    expect(await createRequestGate(() => new Response()).close(60_000)).toBe(true);
  });
});
