import { readFile } from 'node:fs/promises';
import { Agent } from 'undici';
import { readSecretSource, type SecretSource } from './secret-source.ts';
import { RuntimeError } from './types/errors.ts';

/** A HashiCorp Vault or OpenBao server. */
export interface HashicorpVaultOptions {
  /** Like `https://vault.example.com:8200`; http on loopback only. */
  readonly address: string;
  /** Read anew for each request, so that an agent beside this process can renew it. */
  readonly token: SecretSource;
  readonly namespace?: string | undefined;
  /** PEM of the authority that signed the server's certificate, when it is none of the system's. */
  readonly caFile?: string | undefined;
}

export interface HashicorpVault {
  readonly address: string;
  /** Any answer, also a refusal; nothing is followed or tried again. `path` is below `/v1/`. */
  request(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
}

export interface HashicorpVaultPorts {
  /** What is thrown when there is no answer. */
  readonly unavailable: (message: string, cause: unknown) => RuntimeError;
  /** Is told the token, to keep it out of logs. */
  readonly learn: (token: string) => void;
}

const TIMEOUT_MS = 5_000;
const MAX_RESPONSE_BYTES = 1_000_000;

/** Speaks its HTTP API (https://developer.hashicorp.com/vault/api-docs). */
export async function createHashicorpVault(
  { address, token, namespace, caFile }: HashicorpVaultOptions,
  { unavailable, learn }: HashicorpVaultPorts,
): Promise<HashicorpVault> {
  const agent = new Agent({
    connect: { timeout: TIMEOUT_MS, ...(caFile === undefined ? {} : { ca: await readCa(caFile) }) },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    maxResponseSize: MAX_RESPONSE_BYTES,
  });
  const { origin } = new URL(address);
  let known = '';

  async function readToken(): Promise<string> {
    const value = (await readSecretSource(token)).reveal().trim();
    if (value !== known) learn(value);
    known = value;
    return value;
  }

  // To know it from the start; whether there is one shows when it is needed.
  await readToken().catch(() => {});

  return {
    address: origin,
    async request(method, path, body) {
      const headers = {
        'x-vault-token': await readToken(),
        'x-vault-request': 'true',
        accept: 'application/json',
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      try {
        const answer = await agent.request({
          origin,
          path: `/v1/${path}`,
          method,
          headers,
          body: body === undefined ? null : JSON.stringify(body),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        return { status: answer.statusCode, body: parseJson(await answer.body.text()) };
      } catch (cause) {
        const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer';
        throw unavailable(`${origin} does not answer (${code}); try again later`, cause);
      }
    },
  };
}

async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const problem = `${path} can't be read: name the PEM file of the authority that signed the vault's certificate`;
    throw new RuntimeError('CONFIG_INVALID', problem, { cause, details: { problems: [problem] } });
  }
}

/** Proxies answer with pages: what is no JSON has only its status to say. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
