import type { ConnectorDefinition, ConnectorLog } from '@org/connector-sdk';
import { closeAmbient } from './close-ambient.ts';
import { createConnectorHttp } from './connector-http.ts';
import { HostError, toWireError } from './host-error.ts';
import { methods } from './methods.ts';
import { createOutlet, type Outlet } from './outlet.ts';
import { exitNow, parseJson, stringifyJson } from './pristine.ts';
import type { FromRuntime, HostStart, ToHost, WireError, WireResponse } from './wire.ts';

const MAX_LOG_MESSAGE = 2_000;
const MAX_LOG_FIELDS = 10_000;

interface OpenCall {
  readonly controller: AbortController;
  readonly exchanges: Map<number, { resolve(response: WireResponse): void; reject(error: Error): void }>;
}

/**
 * Runs in the host process. Closes the ambient ways out and waits for a connector: first of the runtime's lines, perhaps much
 * later. Loads it from the bytes it was given, and answers calls until the runtime hangs up.
 * @param load imports the connector's code from memory.
 */
export async function startHost(start: HostStart, load: (code: string) => Promise<unknown>): Promise<void> {
  const outlet = createOutlet(start.nonce);
  const inlet = process.stdin;
  closeAmbient(inlet);
  const end = (kind: 'fatal' | 'unloadable') => (error: unknown) => {
    outlet.send(kind, 0, toWireError(error));
    exitNow(70);
  };
  process.on('uncaughtException', end('fatal'));
  let receive = (message: ToHost): void => {
    if (message.type !== 'load') throw new HostError('HOST_ANSWER_INVALID', 'A host is given its connector first');
    loadConnector(message.code).catch(end('unloadable'));
  };
  async function loadConnector(code: string): Promise<void> {
    requireNoRights();
    const receiveCalls = createReceiver(readConnector(await load(code)), outlet, start.maxLogLines);
    receive = (message) => {
      if (message.type !== 'load') receiveCalls(message);
    };
    outlet.send('ready', 0, null);
  }
  readLines(inlet, (message) => receive(message));
}

/** A Node that does not enforce all of these, or was started without, must not run connector code. */
function requireNoRights(): void {
  const rights = ['fs.read', 'fs.write', 'net', 'child', 'worker', 'addon', 'inspector', 'wasi', 'ffi'];
  const held = rights.filter((right) => process.permission?.has(right) !== false);
  if (held.length > 0)
    throw new HostError('HOST_DENIED', `The host process has rights it must not have: ${held.join(', ')}`);
}

function readConnector(module: unknown): ConnectorDefinition {
  const definition = (module as { default?: unknown }).default;
  if (typeof definition === 'object' && definition !== null && 'connection' in definition) {
    return definition as ConnectorDefinition;
  }
  throw new HostError('CONNECTOR_INCOMPATIBLE', 'connector.mjs has no default export made by defineConnector');
}

function createReceiver(connector: ConnectorDefinition, outlet: Outlet, maxLogLines: number) {
  const open = new Map<number, OpenCall>();

  async function answer(id: number, method: string, params: { readonly baseUrl?: string }): Promise<void> {
    const call: OpenCall = { controller: new AbortController(), exchanges: new Map() };
    open.set(id, call);
    try {
      const implementation = Object.hasOwn(methods, method) ? methods[method as keyof typeof methods] : undefined;
      if (!implementation) throw new HostError('HOST_ANSWER_INVALID', `Hosts have no method ${method}`);
      const value = await implementation(connector, params as never, ambientOf(id, call, params.baseUrl ?? ''));
      if (open.delete(id)) outlet.send('answer', id, value);
    } catch (error) {
      if (open.delete(id)) outlet.send('error', id, toWireError(error));
    }
  }

  function ambientOf(id: number, call: OpenCall, baseUrl: string) {
    const { signal } = call.controller;
    let seq = 0;
    const http = createConnectorHttp({
      baseUrl,
      signal,
      exchange: (request) =>
        new Promise((resolve, reject) => {
          if (open.get(id) !== call)
            throw new HostError('HOST_CANCELLED', 'The call is over; it can send nothing more');
          seq += 1;
          call.exchanges.set(seq, { resolve, reject });
          outlet.send('http', id, { seq, request });
        }),
    });
    return { http, signal, log: createLog(id, outlet, maxLogLines) };
  }

  function cancel(id: number): void {
    const call = open.get(id);
    if (!call) return;
    open.delete(id);
    const reason = new HostError('HOST_CANCELLED', 'The call was cancelled or its time is over');
    for (const exchange of call.exchanges.values()) exchange.reject(reason);
    call.controller.abort(reason);
    outlet.send('error', id, toWireError(reason));
  }

  return (message: FromRuntime): void => {
    if (message.type === 'call') void answer(message.id, message.method, message.params as { baseUrl?: string });
    else if (message.type === 'cancel') cancel(message.id);
    else {
      const exchange = open.get(message.id)?.exchanges.get(message.seq);
      open.get(message.id)?.exchanges.delete(message.seq);
      if (message.type === 'http-response') exchange?.resolve(message.response);
      else exchange?.reject(asError(message.error));
    }
  };
}

function asError({ code, message, kind, details }: WireError): HostError {
  return new HostError(code, message, { kind, details });
}

/** Bounded here already: what is not written costs the runtime nothing. */
function createLog(id: number, outlet: Outlet, maxLines: number): ConnectorLog {
  let lines = 0;
  const write = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    lines += 1;
    if (lines > maxLines) return;
    outlet.send('log', id, {
      level,
      message: String(message).slice(0, MAX_LOG_MESSAGE),
      fields: boundedFields(fields),
    });
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function boundedFields(fields: Readonly<Record<string, unknown>> = {}): unknown {
  const json = stringifyJson(fields) ?? '{}';
  return json.length > MAX_LOG_FIELDS ? { omitted: `${json.length} characters of fields` } : parseJson(json);
}

function readLines(inlet: NodeJS.ReadStream, receive: (message: ToHost) => void): void {
  let parts: string[] = [];
  inlet.setEncoding('utf8');
  inlet.on('data', (chunk: string) => {
    const lines = chunk.split('\n');
    for (let index = 0; index < lines.length - 1; index += 1) {
      const line = parts.join('') + lines[index];
      parts = [];
      receive(parseJson(line));
    }
    parts.push(lines[lines.length - 1] ?? '');
  });
  // The runtime is gone, however it went.
  inlet.on('close', () => exitNow(0));
  inlet.on('end', () => exitNow(0));
}
