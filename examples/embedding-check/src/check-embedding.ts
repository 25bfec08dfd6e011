import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Administrator, createAdministrator, type Place } from './administrator.ts';
import { buildExample, type RunningExample, startExample } from './running-example.ts';
import { beginRequest, post, signedHeaders } from './sender.ts';
import { writeSignedConnector } from './signed-connector.ts';

/** An example: a program that mounts a runtime beside a route of its own. It reads `RUNTIME_CONFIG` and prints its address. */
export interface Embedding {
  /** Its folder, and what Node runs there. */
  readonly folder: string;
  readonly args: readonly string[];
  /** What Node runs once before, where a framework needs it. */
  readonly build?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where the runtime is mounted. */
  readonly prefix: string;
}

/** What every embedding must keep, whatever the framework: one suite, run against each example as a real process. */
export function checkEmbedding({ folder, args, build, env = {}, prefix }: Embedding): void {
  const token = randomBytes(32).toString('base64url');
  const body = changeOf(7);
  let home: string;
  let example: RunningExample;
  let admin: Administrator;
  let place: Place;
  let hook: string;

  async function start(): Promise<void> {
    example = await startExample(folder, args, { ...env, RUNTIME_CONFIG: join(home, 'runtime.config.mjs') });
    admin = createAdministrator(`${example.origin}${prefix}`, token);
  }

  beforeAll(async () => {
    if (build !== undefined) await buildExample(folder, build, env);
    // Memory where there is some: Postgres syncs, but the tests don't wait for a disk.
    home = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'embedding-'));
    // Postgres, started as root, runs as a user of its own, who must reach its data below this folder.
    await chmod(home, 0o711);
    await writeSignedConnector(home);
    const config = {
      port: 0,
      publicUrl: `https://example.com${prefix}`,
      database: { dataDir: './data' },
      masterKey: randomBytes(32).toString('base64'),
      admin: { token },
      trust: './trust.json',
      artifacts: ['./servicenow.tgz'],
    };
    const workflow = "{ name: 'see', on: 'servicenow.incident-changed', run: async () => {} }";
    const module = `export default { ...${JSON.stringify(config)}, workflows: [${workflow}] };\n`;
    await writeFile(join(home, 'runtime.config.mjs'), module, { mode: 0o600 });
    await start();
    place = await admin.setUp();
    hook = new URL(place.hookUrl).pathname;
  }, 300_000);

  afterAll(async () => {
    example?.signal('SIGTERM');
    await example?.exit;
    await rm(home, { recursive: true, force: true });
  });

  const deliver = (id: string, sent: Uint8Array = body) =>
    post(example.origin, hook, sent, signedHeaders(body, place, id));
  const runs = () => admin.list<{ status: string }>('runs', place.tenantId);

  it('answers its own routes, and the runtime’s below its prefix', async () => {
    const own = await fetch(`${example.origin}/hello`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"Dana"}',
    });
    expect([own.status, await own.json()]).toEqual([200, { hello: 'Dana' }]);
    const ready = await fetch(`${example.origin}${prefix}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
    expect((await fetch(`${example.origin}/admin/v1/tenants`)).status).toBe(404);
  });

  it('gives senders an address below the prefix', () => {
    expect(place.hookUrl).toMatch(`https://example.com${prefix}/hooks/`);
  });

  it('takes a signed webhook with its bytes as they were sent: 200, and one run however often it comes (pitfall 5)', async () => {
    expect(await Promise.all([deliver('d-1'), deliver('d-1')])).toEqual([200, 200]);
    await expect.poll(runs, { timeout: 20_000 }).toMatchObject([{ status: 'completed' }]);
    expect(await deliver('d-1')).toBe(200);
    expect(await runs()).toHaveLength(1);
  });

  it('refuses one altered byte', async () => {
    const altered = Buffer.from(body);
    altered[1] = 0x09;
    expect(await deliver('d-2', altered)).toBe(401);
  });

  it.each(['X-Connector-Signature', 'X-Connector-Delivery', 'X-Connector-Timestamp'])(
    'refuses a repeated %s (pitfall 4)',
    async (name) => {
      const headers = signedHeaders(body, place, 'd-3');
      const again = headers.filter(([known]) => known === name);
      expect(await post(example.origin, hook, body, [...headers, ...again])).toBe(401);
    },
  );

  describe('told to stop in the middle of a request', () => {
    it('finishes it, takes nothing new, and ends by itself with 0', async () => {
      const { origin } = example;
      const last = changeOf(8);
      const open = await beginRequest(origin, hook, last.length, signedHeaders(last, place, 'd-4'));
      example.signal('SIGTERM');
      const refused = () =>
        fetch(`${origin}${prefix}/readyz`).then(
          ({ status }) => status === 503,
          () => true,
        );
      await expect.poll(refused, { timeout: 20_000 }).toBe(true);
      expect(await open.finish(last)).toBe(200);
      expect(await example.exit).toBe(0);
    });

    it('has kept what it accepted', async () => {
      await start();
      const deliveries = await admin.list<{ status: string }>('deliveries', place.tenantId);
      expect(deliveries).toHaveLength(2);
    });
  });
}

/** A message of the instance, in bytes that any parsing and printing would change: spacing, escapes, a number's form, letters. */
function changeOf(version: number): Buffer {
  return Buffer.from(
    `{ "table":"incident",\r\n "operation":"update", "sys_id":"a9e30c7dc61122760116894de7bcc7bd", "number":"INC0010001",` +
      ` "sys_mod_count":"${version}", "sys_updated_on":"2026-03-01 23:59:59", "record":{"short_description":"\\u00e9 é 漢", "x":1.0e0} }`,
  );
}
