import type { ConnectorHttp, HttpRequest, HttpResponse } from '@org/connector-sdk';
import { HostError } from './host-error.ts';
import {
  bufferFrom,
  PristineURL,
  PristineURLSearchParams,
  parseJson,
  pristineRequest,
  pristineResponse,
  stringifyJson,
} from './pristine.ts';
import type { WireRequest, WireResponse } from './wire.ts';

export interface HttpPort {
  readonly baseUrl: string;
  readonly signal: AbortSignal;
  exchange(request: WireRequest): Promise<WireResponse>;
}

/** `ctx.http`: builds requests and reads answers here; the sending is the runtime's. */
export function createConnectorHttp(port: HttpPort): ConnectorHttp {
  return {
    async request(request) {
      port.signal.throwIfAborted();
      return readResponse(await port.exchange(buildRequest(request, port.baseUrl)));
    },
    async fetch(input, init) {
      const target =
        typeof input === 'string' || input instanceof PristineURL ? absolute(String(input), port.baseUrl) : input;
      const Request = pristineRequest();
      const request = new Request(target, init);
      const signals = [request.signal, port.signal];
      for (const signal of signals) signal.throwIfAborted();
      const body = request.body === null ? undefined : bufferFrom(await request.arrayBuffer());
      const wire = await unlessAborted(
        signals,
        port.exchange({
          method: request.method,
          url: request.url,
          headers: Object.fromEntries(request.headers),
          ...(body ? { body: body.toString('base64') } : {}),
        }),
      );
      return toFetchResponse(wire);
    },
  };
}

function buildRequest(request: HttpRequest, baseUrl: string): WireRequest {
  const url = new PristineURL(absolute(request.url, baseUrl));
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.append(name, String(value));
  }
  const headers = lowerCaseNames(request.headers ?? {});
  const body = encodeBody(request, headers);
  return {
    method: request.method ?? 'GET',
    url: url.href,
    headers,
    ...(body === undefined ? {} : { body: body.toString('base64') }),
    ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
  };
}

/** A relative URL is joined to the base's path, so that a base such as `https://host/api/v3` keeps its prefix. */
function absolute(url: string, baseUrl: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) return url;
  return `${baseUrl.replace(/\/+$/, '')}/${url.replace(/^\/+/, '')}`;
}

/** The runtime refuses what cannot be sent. */
function lowerCaseNames(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), String(value).trim()]));
}

function encodeBody(request: HttpRequest, headers: Record<string, string>): Buffer | undefined {
  const given = [request.json, request.form, request.body].filter((body) => body !== undefined);
  if (given.length > 1) {
    throw new HostError(
      'EGRESS_REQUEST_INVALID',
      'A request has at most one of json, form and body; remove the others',
    );
  }
  const typed = (type: string, text: string) => {
    headers['content-type'] ??= type;
    return bufferFrom(text);
  };
  if (request.json !== undefined) return typed('application/json', stringifyJson(request.json));
  if (request.form !== undefined) {
    return typed('application/x-www-form-urlencoded', new PristineURLSearchParams({ ...request.form }).toString());
  }
  if (request.body === undefined) return undefined;
  return typeof request.body === 'string' ? bufferFrom(request.body) : bufferFrom(request.body);
}

function readResponse(wire: WireResponse): HttpResponse {
  const body = bufferFrom(wire.body, 'base64');
  return {
    status: wire.status,
    ok: wire.status >= 200 && wire.status <= 299,
    headers: wire.headers,
    url: wire.url,
    bytes: () => new Uint8Array(body),
    text: () => body.toString('utf8'),
    json(schema) {
      const unexpected = (reason: string) =>
        new HostError('HTTP_RESPONSE_UNEXPECTED', `The answer with status ${wire.status} ${reason}`, {
          details: { status: wire.status },
        });
      let value: unknown;
      try {
        value = parseJson(body.toString('utf8'));
      } catch {
        throw unexpected('is not JSON');
      }
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data as never;
      const [issue] = parsed.error.issues;
      throw unexpected(`does not fit at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? 'unknown'}`);
    },
  };
}

function toFetchResponse(wire: WireResponse): Response {
  const empty = wire.status === 204 || wire.status === 205 || wire.status === 304;
  const body = empty ? null : new Uint8Array(bufferFrom(wire.body, 'base64'));
  const Response = pristineResponse();
  const response = new Response(body, { status: wire.status, headers: wire.headers });
  Object.defineProperty(response, 'url', { value: wire.url });
  return response;
}

function unlessAborted<T>(signals: readonly AbortSignal[], work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    for (const signal of signals) signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
