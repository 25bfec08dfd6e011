import { createHash } from 'node:crypto';
import {
  ActionError,
  type CallContext,
  type Delivery,
  type HttpRequest,
  type HttpResponse,
  type InferOutput,
  type Schema,
} from '@org/connector-sdk';

export interface TestContextOptions<Config> {
  config: Config;
  /** What relative URLs are relative to. */
  baseUrl?: string;
  /** The Authorization header that a broker would add; asked for before each request. Default: none. */
  authorization?: string | (() => string | Promise<string>);
  /** Lets an Authorization header of the connector through, as for code of a `custom` auth. Default false: it is dropped. */
  keepsOwnAuthorization?: boolean;
  signal?: AbortSignal;
}

export interface TestContext<Config> extends CallContext<Config> {
  /** What was logged, oldest first. */
  readonly lines: readonly { level: string; message: string; fields?: Readonly<Record<string, unknown>> }[];
}

/**
 * The context of a call as connector code gets it, on top of global fetch: for unit tests against an emulator or nock. It
 * does what a broker does to a request (adds the credential, drops the connector's own, follows no redirect) and no more:
 * no allow-list, no retries, no limits.
 */
export function createTestContext<Config>(options: TestContextOptions<Config>): TestContext<Config> {
  const lines: TestContext<Config>['lines'][number][] = [];
  const log = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    lines.push({ level, message, ...(fields ? { fields } : {}) });
  };
  const signal = options.signal ?? new AbortController().signal;
  const send: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, { redirect: 'manual', signal, ...init });
    if (options.keepsOwnAuthorization !== true) request.headers.delete('authorization');
    const { authorization } = options;
    const credential = typeof authorization === 'function' ? await authorization() : authorization;
    if (credential !== undefined) request.headers.set('authorization', credential);
    const response = await globalThis.fetch(request);
    await refuseUnexpected(response);
    return response;
  };
  return {
    config: options.config,
    signal,
    lines,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    http: {
      fetch: send,
      async request(request) {
        const response = await send(resolveUrl(request, options.baseUrl), toInit(request));
        return readResponse(response);
      },
    },
  };
}

export interface TestDelivery {
  body: string | Uint8Array;
  /** Without parameters. Default `application/json`. */
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
}

/** A verified delivery, as `parse` and `parseDecision` get it. */
export function createTestDelivery({ body, contentType = 'application/json', headers = {} }: TestDelivery): Delivery {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const text = () => new TextDecoder().decode(bytes);
  return {
    id: createHash('sha256').update(bytes).digest('hex'),
    contentType,
    headers,
    receivedAt: '2026-01-01T00:00:00.000Z',
    body: bytes,
    text,
    json() {
      try {
        return JSON.parse(text());
      } catch (cause) {
        throw new ActionError('DELIVERY_NOT_JSON', 'the delivery is not JSON', { cause });
      }
    },
    form: () => new URLSearchParams(text()),
  };
}

/** nock answers a known host's unknown path with 501 instead of throwing, which a connector would read as the vendor's. */
async function refuseUnexpected(response: Response): Promise<void> {
  if (response.status !== 501 || !(await response.clone().text()).includes('ERR_NOCK_NO_MATCH')) return;
  throw new Error(`the test expects no request like this one: ${new URL(response.url).pathname}`);
}

function resolveUrl({ url, query }: HttpRequest, baseUrl: string | undefined): URL {
  const resolved = new URL(url, baseUrl);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) resolved.searchParams.append(name, String(value));
  }
  return resolved;
}

function toInit({ method = 'GET', headers, json, form, body }: HttpRequest): RequestInit {
  const sent = new Headers(headers);
  if (json !== undefined) {
    sent.set('content-type', 'application/json');
    return { method, headers: sent, body: JSON.stringify(json) };
  }
  if (form !== undefined) return { method, headers: sent, body: new URLSearchParams(form) };
  return { method, headers: sent, ...(body === undefined ? {} : { body: new Uint8Array(Buffer.from(body)) }) };
}

async function readResponse(response: Response): Promise<HttpResponse> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = () => new TextDecoder().decode(bytes);
  return {
    status: response.status,
    ok: response.ok,
    headers: Object.fromEntries(response.headers),
    url: response.url,
    bytes: () => bytes,
    text,
    json<S extends Schema>(schema: S): InferOutput<S> {
      let value: unknown;
      try {
        value = JSON.parse(text());
      } catch (cause) {
        throw new ActionError('HTTP_RESPONSE_UNEXPECTED', 'the answer is not JSON', { cause });
      }
      const parsed = schema.safeParse(value);
      if (!parsed.success) {
        throw new ActionError('HTTP_RESPONSE_UNEXPECTED', 'the answer does not fit', { cause: parsed.error });
      }
      return parsed.data as InferOutput<S>;
    },
  };
}
