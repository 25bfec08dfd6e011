import { ConnectorError } from '@org/connector-sdk';
import { z } from 'zod';
import { RuntimeError } from './types/errors.ts';

export interface AdminClient {
  /** The answer's JSON; undefined when it has none. Throws the runtime's own error, or `ADMIN_UNREACHABLE`. */
  request(method: string, path: string, body?: unknown): Promise<unknown>;
}

const TIMEOUT_MS = 60_000;
const failure = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).optional() }),
});

/** Talks to the admin API of a runtime that runs elsewhere. Throws `CONFIG_MISSING` | `CONFIG_INVALID`. */
export function createAdminClient(given: { readonly url?: string; readonly tokenEnv: string }): AdminClient {
  const { origin, pathname } = parseAddress(given.url);
  // With a path where the runtime is mounted at one.
  const base = `${origin}${pathname.replace(/\/+$/, '')}`;
  const token = process.env[given.tokenEnv];
  if (!token) {
    // Somebody may have given the token itself.
    const shown = /^[A-Z][A-Z_]{0,40}$/.test(given.tokenEnv) ? given.tokenEnv : 'the variable that --token-env names';
    throw new RuntimeError('CONFIG_MISSING', `put the admin token into the environment: ${shown} is not set`);
  }
  return {
    async request(method, path, body) {
      const answer = await send(`${base}/admin/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // The token is for this address and no other.
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const value = await readJson(answer);
      if (answer.ok) return value;
      const { success, data } = failure.safeParse(value);
      if (!success) throw unreachable(origin, `it answered ${answer.status}, not as an admin API does`);
      const { code, message, details = {} } = data.error;
      throw new ConnectorError(code, message, { details });
    },
  };

  async function send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, init);
    } catch (cause) {
      throw unreachable(origin, 'it does not answer', cause);
    }
  }
}

async function readJson(answer: Response): Promise<unknown> {
  const text = await answer.text();
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseAddress(url: string | undefined): URL {
  if (url === undefined)
    throw new RuntimeError('CONFIG_MISSING', 'name the runtime with --url or CONNECTOR_RUNTIME_URL');
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new URL(url);
  throw new RuntimeError(
    'CONFIG_INVALID',
    `${url} is no address of a runtime; give one like https://connectors.example.com`,
  );
}

function unreachable(origin: string, why: string, cause?: unknown): RuntimeError {
  return new RuntimeError(
    'ADMIN_UNREACHABLE',
    `${origin} can't be asked: ${why}; check --url, and that the runtime runs`,
    {
      cause,
    },
  );
}
