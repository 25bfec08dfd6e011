import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createKeySigner,
  generateKeyPair,
  packArtifact,
  parseTrustPolicy,
  signArtifact,
  type TrustPolicy,
} from '@org/connector-artifact';
import { type HostPool, silentLog } from '@org/connector-runtime/stages';
import { manifestBytes, parseManifest } from '@org/connector-sdk';

const artifact = fileURLToPath(new URL('artifact/', import.meta.resolve('@org/connector-servicenow/package.json')));

/** As many releases of the real connector, signed with a key of this run. */
export async function signReleases(
  count: number,
): Promise<{ archives: Uint8Array[]; policy: TrustPolicy; code: Uint8Array }> {
  const signer = createKeySigner(generateKeyPair().privateKeyPem);
  const code = readFileSync(join(artifact, 'connector.mjs'));
  const manifest = parseManifest(readFileSync(join(artifact, 'manifest.json')));
  const archives: Uint8Array[] = [];
  for (let patch = 0; patch < count; patch += 1) {
    const files = new Map([
      ['manifest.json', manifestBytes({ ...manifest, version: `1.0.${patch}` })],
      ['connector.mjs', code],
    ]);
    archives.push(packArtifact(await signArtifact(files, signer, { signedAt: new Date() })));
  }
  const { keyId, publicKeyPem: publicKey } = signer;
  const keys = [{ keyId, publicKey, validFrom: '2026-01-01T00:00:00Z' }];
  const publishers = { [manifest.publisher]: { keys, allow: [manifest.id] } };
  return { archives, policy: parseTrustPolicy(Buffer.from(JSON.stringify({ trustVersion: 1, publishers }))), code };
}

let keys = 0;

/** A tenant that has no process yet. */
export function nextKey(): string {
  keys += 1;
  return `tenant-${keys}:sha256:bench`;
}

const config = { instanceUrl: 'https://bench.service-now.com' };

/** One call, answered: of the real connector with one request through the runtime, or of the trivial one. */
export async function firstCall(pool: HostPool, key: string, code: Uint8Array, action = 'get-incident'): Promise<void> {
  const params = {
    action,
    input: { sysId: '0'.repeat(32) },
    config,
    baseUrl: config.instanceUrl,
    idempotencyKey: 'k'.repeat(26),
    attempt: 1,
  };
  const notFound = { status: 404, headers: { 'content-type': 'application/json' }, url: config.instanceUrl };
  const body = Buffer.from('{"error":{"message":"No Record found"},"status":"failure"}').toString('base64');
  await pool
    .call({
      key,
      code,
      method: 'run-action',
      params,
      timeoutMs: 30_000,
      onHttp: async () => ({ ...notFound, body }),
      log: silentLog,
    })
    .catch((error: { code?: string }) => {
      // The connector's own word for a record that is not there.
      if (error.code?.startsWith('HOST_') !== false) throw error;
    });
}

const TRIVIAL = `
const anything = { safeParseAsync: async (data) => ({ success: true, data }) };
const ping = { input: anything, output: anything, run: async ({ input }) => ({ pong: input }) };
export default { connection: { config: anything }, actions: { ping } };
`;

/** An action that does nothing, and the same function to be called directly. */
export async function trivialConnector(): Promise<{ code: Uint8Array; direct: () => Promise<unknown> }> {
  const { default: connector } = await import(`data:text/javascript,${encodeURIComponent(TRIVIAL)}`);
  return {
    code: Buffer.from(TRIVIAL),
    direct: () => connector.actions.ping.run({ input: { sysId: '0'.repeat(32) } }),
  };
}

/** Of the processes that the work leaves behind; undefined where the kernel does not tell. */
export async function idleHostMemory(
  start: () => Promise<void>,
): Promise<{ residentMb: number[]; shareMb: number[] } | undefined> {
  if (process.platform !== 'linux') return undefined;
  const before = new Set(children());
  await start();
  const hosts = children().filter((pid) => !before.has(pid) && readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'sh\n');
  const rollups = hosts.map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  const mb = (rollup: string, field: string) =>
    Number(new RegExp(`^${field}: +(\\d+) kB`, 'm').exec(rollup)?.[1]) / 1024;
  return { residentMb: rollups.map((text) => mb(text, 'Rss')), shareMb: rollups.map((text) => mb(text, 'Pss')) };
}

function children(): number[] {
  const tasks = readdirSync('/proc/self/task');
  return tasks.flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
