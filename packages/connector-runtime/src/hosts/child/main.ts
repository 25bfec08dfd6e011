import type { ConnectorDefinition, ConnectorLog } from '@org/connector-sdk';
import { closeAmbient } from './close-ambient.ts';
import { createConnectorHttp } from './connector-http.ts';
import { HostError, toWireError } from './host-error.ts';
import { methods } from './methods.ts';
import { createOutlet, type Outlet } from './outlet.ts';
import { exitNow, parseJson } from './pristine.ts';
import type { HostStart, ToHost, WireError, WireResponse } from './wire.ts';

interface OpenCall {
  readonly controller: AbortController;
  readonly exchanges: Map<number, { resolve(response: WireResponse): void; reject(error: Error): void }>;
}

/**
 * Runs in the host process. Closes the ambient ways out, loads the connector from the bytes it was given, and answers
 * calls until the runtime hangs up.
 * @param load imports the connector's code from memory.
 */
export async function startHost(start: HostStart, load: (code: string) => Promise<unknown>): Promise<void> {
  const outlet = createOutlet(start.nonce);
  const inlet = process.stdin;
  closeAmbient();
  process.on('uncaughtException', (error) => {
    outlet.send('fatal', 0, toWireError(error));
    exitNow(70);
  });
  try {
    requireNoRights();
    const connector = readConnector(await load(start.code));
    readLines(inlet, createReceiver(connector, outlet));
    outlet.send('ready', 0, null);
  } catch (error) {
    outlet.send('unloadable', 0, toWireError(error));
    exitNow(70);
  }
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

function createReceiver(connector: ConnectorDefinition, outlet: Outlet) {
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
    return { http, signal, log: createLog(id, outlet) };
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

  return (message: ToHost): void => {
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

function createLog(id: number, outlet: Outlet): ConnectorLog {
  const write = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
    outlet.send('log', id, { level, message: String(message), fields: fields ?? {} });
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function readLines(inlet: NodeJS.ReadStream, receive: (message: ToHost) => void): void {
  let rest = '';
  inlet.setEncoding('utf8');
  inlet.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) receive(parseJson(line));
  });
  // The runtime is gone, however it went.
  inlet.on('close', () => exitNow(0));
  inlet.on('end', () => exitNow(0));
}
