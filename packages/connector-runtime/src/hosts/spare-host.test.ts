import { describe, expect, it } from 'vitest';
import type { Host } from './host.ts';
import { createSpareHost } from './spare-host.ts';

function fakeHosts() {
  const forked: { host: Host; end(): void }[] = [];
  const fork = async (): Promise<Host> => {
    const ended = Promise.withResolvers<Error>();
    const host: Host = {
      load: async () => {},
      call: async () => undefined,
      reaction: undefined,
      ended: ended.promise,
      kill: () => ended.resolve(new Error('killed')),
    };
    forked.push({ host, end: () => ended.resolve(new Error('ended')) });
    return host;
  };
  return { forked, spare: createSpareHost(fork) };
}

describe('the spare', () => {
  it('goes to one caller only, and the next gets a process of its own', async () => {
    const { forked, spare } = fakeHosts();
    spare.refill();
    spare.refill();
    expect(forked).toHaveLength(1);
    const taken = [await spare.take(), await spare.take()];
    expect(taken).toEqual(forked.map(({ host }) => host));
    expect(taken[0]).not.toBe(taken[1]);
  });

  it('is given to nobody when it ended while it waited', async () => {
    const { forked, spare } = fakeHosts();
    spare.refill();
    await Promise.resolve();
    forked[0]?.end();
    await forked[0]?.host.ended;
    await Promise.resolve();
    expect(await spare.take()).toBe(forked[1]?.host);
  });

  it('ends with the pool', async () => {
    const { forked, spare } = fakeHosts();
    spare.refill();
    await spare.stop();
    await expect(forked[0]?.host.ended).resolves.toBeInstanceOf(Error);
    spare.refill();
    expect(forked).toHaveLength(1);
  });
});
