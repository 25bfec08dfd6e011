import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import { retryAfterMs } from '../types/retry-after.ts';
import type { HttpTrace } from '../types/run.ts';
import type { PrivateNetworks } from './address-rules.ts';
import { type CheckedTarget, checkTarget, type Resolver } from './check-target.ts';
import { type CredentialEcho, createCredentialEcho } from './credential-echo.ts';
import type { AnswerHead, BrokerRequest, BrokerResponse, BrokerSession, EgressGrant } from './egress-grant.ts';
import { exchange, type RawResponse } from './exchange.ts';
import { requestHeaders, responseHeaders } from './message-headers.ts';
import type { PinnedAgents } from './pinned-agents.ts';
import { type RetryOptions, retrySafe } from './retry-safe.ts';
import { type Effect, effectOf, isSafe, worse } from './write-effect.ts';

const MAX_REDIRECTS = 5;
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const MAX_TRACED_PATH = 1_000;
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024;
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

interface Ports {
  readonly agents: PinnedAgents;
  readonly networks: PrivateNetworks;
  readonly clock: Clock;
  readonly log: Log;
  readonly resolve: Resolver;
  readonly retry: RetryOptions;
  readonly random: () => number;
}

type Credential = Awaited<ReturnType<NonNullable<EgressGrant['authorize']>>>;

interface Message {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
  /** When the signal is aborted at the latest, by `performance.now()`. */
  readonly endsAt: number;
}

/** A message with what it must not be answered with. */
interface Identified extends Message {
  readonly credential: Readonly<Record<string, string>>;
  readonly echo: CredentialEcho;
}

/** The requests of one call, and what they did. */
export function createSession(grant: EgressGrant, ports: Ports): BrokerSession {
  const closed = new AbortController();
  const endsAt = performance.now() + grant.timeoutMs;
  const traces: HttpTrace[] = [];
  const retry = retrySafe(ports.retry, ports.clock, ports.random);
  let effect: Effect = 'none';
  // Writes that left and have no answer yet.
  let unanswered = 0;
  let askedToWaitMs: number | undefined;
  let heldBackMs: number | undefined;

  async function request(given: BrokerRequest): Promise<BrokerResponse> {
    const message = { ...checkRequest(given, grant), ...boundsFor(given) };
    const first = await respond(given.url, message, await grant.authorize?.());
    if (!first.isRejected || first.generation === undefined) return first.response;
    // A 401 is a definite no, so that a write may be sent again as well. Once.
    if (!(await grant.onUnauthorized?.(first.generation))) return first.response;
    return (await respond(given.url, message, await grant.authorize?.())).response;
  }

  async function respond(href: string, message: Message, used: Credential | undefined) {
    const credential = lowerCaseNames(used?.headers ?? {});
    const echo = createCredentialEcho(credential);
    const { raw, url, own, method } = await followRedirects(href, { ...message, credential, echo });
    const response: BrokerResponse = {
      status: raw.status,
      headers: responseHeaders(raw.headers, echo.text),
      url: echo.text(url),
      body: echo.bytes(raw.body),
    };
    // Of what was asked, with the credential: not of a place that never saw it, nor of the page that a write led to.
    const isRejected = raw.status === 401 && own && method === message.method;
    return { isRejected, generation: used?.generation, response };
  }

  /** By hand: each hop is checked like a first request, and a credential never follows to another origin. */
  async function followRedirects(href: string, first: Identified) {
    let message = first;
    let target = await check(href, message.signal);
    const { origin } = target.url;
    for (let hops = 0; ; hops += 1) {
      const own = target.url.origin === origin;
      const headers = own ? { ...message.headers, ...message.credential } : crossOriginHeaders(message.headers);
      const raw = await sendWithRetry(target, { ...message, headers });
      const { location } = raw.headers;
      if (raw.status < 301 || raw.status > 308 || raw.status === 304 || location === undefined) {
        return { raw, url: target.url.href, own, method: message.method };
      }
      if (raw.status === 303) message = asGet(message);
      if (!isSafe(message.method)) throw redirectRefused(target, 'a write is not sent again to another place');
      if (hops === MAX_REDIRECTS) throw redirectRefused(target, `more than ${MAX_REDIRECTS} redirects`);
      if (!URL.canParse(location, target.url)) throw redirectRefused(target, 'its Location is no URL');
      const next = await check(new URL(location, target.url).href, message.signal);
      if (target.url.protocol === 'https:' && next.url.protocol !== 'https:') {
        throw redirectRefused(target, 'it leads from https: to http:');
      }
      target = next;
    }
  }

  /** A name server that does not answer takes no more time than the request has. */
  function check(href: string, signal: AbortSignal): Promise<CheckedTarget> {
    const host = URL.canParse(href) ? new URL(href).host : 'an unknown host';
    return inTime(signal, host, () => checkTarget(href, grant.allowedHosts, ports.networks, ports.resolve));
  }

  /** Nor does waiting for the next try. What is under way when the time ends is seen out: it is traced. */
  function sendWithRetry(target: CheckedTarget, message: Identified): Promise<RawResponse> {
    if (!isSafe(message.method) && !grant.readsOnly) return send(target, message);
    let last: Promise<unknown> = Promise.resolve();
    const once = () => {
      const answer = send(target, message);
      last = answer.catch(() => {});
      return answer;
    };
    const work = () => retry.execute(once, message.signal);
    return inTime(message.signal, target.url.host, work, () => last);
  }

  /** Half of the time that is left is for the answer: what left too late would only be cut off. */
  async function send(target: CheckedTarget, message: Identified): Promise<RawResponse> {
    heldBackMs = undefined;
    if (!grant.gate) return depart(target, message, () => {});
    const patienceMs = Math.max(0, message.endsAt - performance.now()) / 2;
    try {
      const { signal } = message;
      return await grant.gate.pass({ patienceMs, signal, begun: effect !== 'none' }, (onHead) =>
        depart(target, message, onHead),
      );
    } catch (error) {
      heldBackMs = waitOf(error);
      throw error;
    }
  }

  async function depart(
    target: CheckedTarget,
    message: Identified,
    onHead: (head: AnswerHead) => void,
  ): Promise<RawResponse> {
    if (!isSafe(message.method)) await grant.beforeWrite?.();
    // A timer that is due has not fired yet in a process that was busy or paused: the clock is asked as well.
    if (message.signal.aborted || performance.now() >= endsAt) throw outOfTime(target.url.host);
    const agent = ports.agents.agentFor(grant.partition, target);
    const bounds = { signal: message.signal, maxResponseBytes: grant.maxResponseBytes ?? MAX_RESPONSE_BYTES };
    const startedAt = ports.clock.now();
    let sent = false;
    let status: number | null = null;
    try {
      const onSent = () => {
        if (!sent && !isSafe(message.method)) unanswered += 1;
        sent = true;
      };
      const raw = await exchange(agent, target, message, bounds, { onSent, onHead });
      status = raw.status;
      if (status === 429 || status === 503) askedToWaitMs = retryAfterMs(raw.headers['retry-after'], ports.clock.now());
      return raw;
    } finally {
      if (sent && !isSafe(message.method)) {
        unanswered -= 1;
        effect = worse(effect, effectOf(status));
      }
      const { host, pathname } = target.url;
      // The path may be another's: a redirect could carry the credential in it.
      const path = message.echo.text(pathname).slice(0, MAX_TRACED_PATH);
      const trace = { method: message.method, host, path, status, durationMs: ports.clock.now() - startedAt };
      traces.push(trace);
      ports.log.debug('a request of a connector', trace);
    }
  }

  function boundsFor({ timeoutMs }: BrokerRequest): Pick<Message, 'signal' | 'endsAt'> {
    const now = performance.now();
    const left = Math.max(0, endsAt - now);
    const ownMs = Math.min(left, timeoutMs ?? left);
    const signals = [closed.signal, AbortSignal.timeout(Math.ceil(ownMs))];
    const signal = AbortSignal.any(grant.signal ? [...signals, grant.signal] : signals);
    return { signal, endsAt: now + ownMs };
  }

  return {
    request,
    effect: () => (unanswered > 0 ? 'uncertain' : effect),
    trace: () => [...traces],
    retryAfterMs: () => askedToWaitMs,
    heldBackMs: () => heldBackMs,
    close: () => closed.abort(),
  };
}

function checkRequest(request: BrokerRequest, grant: EgressGrant) {
  const method = request.method.toUpperCase();
  if (!METHODS.has(method))
    throw invalid(`the method ${JSON.stringify(method.slice(0, 20))} is not one of ${[...METHODS]}`);
  if (request.body && isSafe(method)) throw invalid(`a ${method} has no body`);
  if (request.body && request.body.byteLength > MAX_REQUEST_BYTES)
    throw invalid(`the body has over ${MAX_REQUEST_BYTES} bytes`);
  const headers = requestHeaders(request.headers ?? {}, { keepAuthorization: grant.ownAuthorization === true });
  return { method, headers: { 'user-agent': 'connector-runtime', ...headers }, body: request.body };
}

/** "See other" (RFC 9110, 15.4.4): the result is read elsewhere; what was done is not done again. */
function asGet(message: Identified): Identified {
  if (message.method === 'HEAD') return message;
  const headers = Object.fromEntries(Object.entries(message.headers).filter(([name]) => !name.startsWith('content-')));
  return { ...message, method: 'GET', headers, body: undefined };
}

/** Connector code cannot add to a credential's header by another spelling of its name. */
function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Another origin gets what any client would send, nothing that might be a secret of the first. */
function crossOriginHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => PLAIN.has(name)));
}

const PLAIN: ReadonlySet<string> = new Set(['accept', 'accept-language', 'user-agent', 'range', 'if-none-match']);

/** What `work` gives, or `EGRESS_TIMEOUT` once the signal is aborted and `after` has ended. */
function inTime<T>(
  signal: AbortSignal,
  host: string,
  work: () => Promise<T>,
  after: () => Promise<unknown> = async () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => void after().then(() => reject(outOfTime(host)));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Of a request that the gate did not let leave. */
function waitOf(error: unknown): number | undefined {
  if (!(error instanceof RuntimeError) || error.code !== 'RATE_LIMITED') return undefined;
  const { retryAfterMs: ms } = error.details;
  return typeof ms === 'number' ? ms : undefined;
}

function invalid(why: string): RuntimeError {
  return new RuntimeError('EGRESS_REQUEST_INVALID', `The request cannot be sent: ${why}`);
}

function outOfTime(host: string): RuntimeError {
  return new RuntimeError('EGRESS_TIMEOUT', `There is no time left for a request to ${host}`);
}

function redirectRefused({ url }: CheckedTarget, why: string): RuntimeError {
  return new RuntimeError(
    'EGRESS_REDIRECT_REFUSED',
    `${url.host} answered with a redirect that is not followed: ${why}`,
    {
      details: { host: url.host },
    },
  );
}
