import type { Server, ServerOptions } from 'node:http';

/** What a connection may cost, of whatever kind its requests are. */
export interface ConnectionLimits {
  /** From a connection's first byte, or the last answer's end, until a request's headers are whole. Default 10,000. */
  readonly headersTimeoutMs?: number | undefined;
  /** Until the whole request is there. Default 60,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** How often connections that are too slow are looked for. Default 1,000. */
  readonly checkIntervalMs?: number | undefined;
  /** How long an idle connection is kept; make it longer than the proxy's in front, which then closes first. Default 65,000. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** Of the request's line and headers together. Default 16,384. */
  readonly maxHeaderBytes?: number | undefined;
  /** Further connections are closed at once. Default 4,000. */
  readonly maxConnections?: number | undefined;
}

/** Why Node refused a connection before there was a request. */
export type ConnectionRefusal = 'too-slow' | 'headers-too-large' | 'not-http' | 'too-many';

/** For `http.createServer`. */
export function connectionOptions(limits: ConnectionLimits): ServerOptions {
  return {
    headersTimeout: limits.headersTimeoutMs ?? 10_000,
    requestTimeout: limits.requestTimeoutMs ?? 60_000,
    connectionsCheckingInterval: limits.checkIntervalMs ?? 1000,
    keepAliveTimeout: limits.keepAliveTimeoutMs ?? 65_000,
    maxHeaderSize: limits.maxHeaderBytes ?? 16_384,
  };
}

/** Bounds a server's connections, and tells of each that is refused before there is a request. */
export function boundConnections(
  server: Server,
  { maxConnections = 4000 }: ConnectionLimits,
  onRefused: (why: ConnectionRefusal) => void,
): void {
  server.maxConnections = maxConnections;
  server.on('drop', () => onRefused('too-many'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Who is gone is told nothing.
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const why = REASONS[error.code ?? ''] ?? 'not-http';
    onRefused(why);
    socket.end(`HTTP/1.1 ${STATUS[why]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
  });
}

const REASONS: Readonly<Record<string, ConnectionRefusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'too-slow',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
};

const STATUS = {
  'too-slow': '408 Request Timeout',
  'headers-too-large': '431 Request Header Fields Too Large',
  'not-http': '400 Bad Request',
  'too-many': '503 Service Unavailable',
} as const;
