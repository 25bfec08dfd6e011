import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHostPool, silentLog } from '../src/stages.ts';
import { escapeAttempts } from './probe-connector/escape-attempts.ts';
import { misbehaviours } from './probe-connector/misbehaviours.ts';

describe('the table of what the probe tries', () => {
  const page = readFileSync(fileURLToPath(new URL('../../../docs/security.md', import.meta.url)), 'utf8');
  const rows = page
    .slice(page.indexOf('## What the probe connector tries'), page.indexOf('## Not covered yet'))
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(2, 4))
    .map(([tries = '', ends = '']) => ({ names: [...tries.matchAll(/`([^`]+)`/g)].map(([, name]) => name), ends }));

  it('names each attempt of the probe once, and nothing else', () => {
    const tried = [...Object.keys(escapeAttempts), ...Object.keys(misbehaviours)].sort();
    expect(rows.flatMap(({ names }) => names).sort()).toEqual(tried);
    expect(tried.length).toBeGreaterThan(100);
  });

  it('says how each ends', () => {
    for (const { names, ends } of rows) {
      const [, code = 'nothing'] = /^\s*`([A-Z_]+)`/.exec(ends) ?? [];
      for (const name of names) {
        if (name === undefined) continue;
        const expected = Object.hasOwn(escapeAttempts, name) ? 'HOST_DENIED' : misbehaviours[name]?.ends;
        expect(`${name} ${code}`).toBe(`${name} ${expected}`);
      }
    }
  });
});

describe.runIf(process.platform === 'linux')('many tenants', () => {
  const CODE = `
    const anything = { safeParseAsync: async (data) => ({ success: true, data }) };
    const echo = { input: anything, output: anything, run: async ({ input }) => input };
    export default { connection: { config: anything }, actions: { echo } };
  `;
  const children = () =>
    readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
      .split(' ')
      .filter((pid) => pid !== '' && !isZombie(pid));

  /** Killed, and not yet taken note of by this process. */
  function isZombie(pid: string): boolean {
    try {
      return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return true;
    }
  }

  it('never mean as many processes: 30 keys are served by 3', { timeout: 120_000 }, async () => {
    const before = new Set(children());
    const pool = createHostPool({ log: silentLog, limits: { maxHosts: 3 } });
    onTestFinished(() => pool.stop());
    let most = 0;
    const call = async (key: string) => {
      const answer = await pool.call({
        key,
        code: Buffer.from(CODE),
        method: 'run-action',
        params: { action: 'echo', input: { key }, config: {}, idempotencyKey: 'k'.repeat(26), attempt: 1 },
        timeoutMs: 110_000,
        onHttp: () => Promise.reject(new Error('asks for nothing')),
        log: silentLog,
      });
      most = Math.max(most, children().filter((pid) => !before.has(pid)).length);
      return answer;
    };
    const keys = Array.from({ length: 30 }, (_, index) => `tenant-${index}:digest`);
    await expect(Promise.all(keys.map(call))).resolves.toEqual(keys.map((key) => ({ key })));
    expect(pool.liveHosts).toBeLessThanOrEqual(3);
    // The three, the spare, the shell that watches for orphans, and those being killed to make room.
    expect(most).toBeLessThanOrEqual(8);
  });
});
