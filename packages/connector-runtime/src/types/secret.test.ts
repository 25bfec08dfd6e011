import { Console } from 'node:console';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { RuntimeError } from './errors.ts';
import { Secret } from './secret.ts';

const value = randomBytes(24).toString('base64url');
const secret = new Secret(value);

describe('a secret', () => {
  it('is given by reveal alone', () => {
    expect(secret.reveal()).toBe(value);
  });

  const written: Record<string, () => unknown> = {
    'String()': () => String(secret),
    'a template': () => `Bearer ${secret}`,
    concatenation: () => ['Bearer ', secret].join('') + secret,
    'a sum of parts': () => [secret, '!'].reduce<string>((sum, part) => sum + part, ''),
    valueOf: () => `${secret.valueOf()}`,
    toLocaleString: () => secret.toLocaleString(),
    'Object.prototype.toString': () => Object.prototype.toString.call(secret),
    JSON: () => JSON.stringify({ secret, list: [secret], nested: { secret } }),
    inspect: () => inspect({ secret, map: new Map([[secret, secret]]) }, { depth: 9 }),
    'inspect, with everything shown': () => inspect(secret, { showHidden: true, getters: true, showProxy: true }),
    'inspect, without custom ones': () => inspect(secret, { customInspect: false, showHidden: true }),
    format: () => format('%s %o %O %j %d %i', secret, secret, secret, secret, secret, secret),
    'its keys and values': () => [Object.entries(secret), Reflect.ownKeys(secret), { ...secret }].flat().join(),
    'an error that has it as cause': () => inspect(new Error('failed', { cause: secret })),
    'an error with it in its details': () =>
      inspect(new RuntimeError('CONFIG_INVALID', `x ${secret}`, { details: { secret }, cause: secret })),
    'a sorted or mapped list': () => [secret, secret].sort().map(String).join(),
    'a URL': () => new URL(`https://example.com/?t=${secret}`).href,
    'a header': () => [...new Headers({ authorization: `Bearer ${secret}` }).values()].join(),
    'form data': () => new URLSearchParams({ secret: `${secret}` }).toString(),
    'a buffer': () => Buffer.from(`${secret}`).toString(),
    'a structured clone': () => inspect(structuredClone({ secret }), { showHidden: true }),
    "v8's serialiser": () => serialize({ secret }).toString('latin1') + inspect(deserialize(serialize({ secret }))),
  };

  it.each(Object.keys(written))('does not show in %s', (way) => {
    const text = String(written[way]?.());
    expect(text).not.toContain(value);
    expect(text).not.toContain(Buffer.from(value).toString('base64'));
  });

  it('does not travel in a message to a worker', async () => {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage({ secret });
    const [message] = await once(port2, 'message');
    port1.close();
    expect(inspect(message, { showHidden: true, depth: 9 })).not.toContain(value);
  });

  it('does not show on the console', () => {
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    new Console({ stdout: sink, stderr: sink }).error('a', secret, { secret }, [secret]);
    expect(lines.join('')).not.toContain(value);
    expect(lines.join('')).toContain('[secret]');
  });
});
