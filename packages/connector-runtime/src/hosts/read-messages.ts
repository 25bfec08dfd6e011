import type { Readable } from 'node:stream';
import type { FromHostKind } from './child/wire.ts';

export interface HostMessage {
  readonly kind: FromHostKind;
  readonly id: number;
  readonly value: unknown;
}

export interface MessageReader {
  readonly nonce: string;
  readonly maxMessageBytes: number;
  onMessage(message: HostMessage): void;
  /** Something that the host's own code would not write. Nothing is read after it. */
  onViolation(reason: string): void;
}

const LINE = /^([a-z]+) (\d{1,15}) (.*)$/s;
const KINDS: ReadonlySet<string> = new Set(['ready', 'unloadable', 'fatal', 'answer', 'error', 'http', 'log']);

/** Reads a host's lines. The size is bounded before anything is kept, and the nonce is checked before anything is parsed. */
export function readMessages(stream: Readable, reader: MessageReader): void {
  let parts: Buffer[] = [];
  let size = 0;
  let over = false;
  const violate = (reason: string) => {
    over = true;
    parts = [];
    stream.destroy();
    reader.onViolation(reason);
  };
  stream.on('data', (chunk: Buffer) => {
    for (let start = 0; !over && start < chunk.length; ) {
      const end = chunk.indexOf(10, start);
      const part = chunk.subarray(start, end === -1 ? chunk.length : end);
      size += part.length;
      if (size > reader.maxMessageBytes) return violate(`wrote a message of more than ${reader.maxMessageBytes} bytes`);
      parts.push(part);
      if (end === -1) return;
      const line = Buffer.concat(parts, size).toString('utf8');
      parts = [];
      size = 0;
      start = end + 1;
      const message = parseLine(line, reader.nonce);
      if (!message) return violate('wrote something that is no message of the host');
      reader.onMessage(message);
    }
  });
}

function parseLine(line: string, nonce: string): HostMessage | undefined {
  if (!line.startsWith(`${nonce} `)) return undefined;
  const match = LINE.exec(line.slice(nonce.length + 1));
  const [, kind, id, json] = match ?? [];
  if (kind === undefined || id === undefined || json === undefined || !KINDS.has(kind)) return undefined;
  try {
    return { kind: kind as FromHostKind, id: Number(id), value: parseValue(json) };
  } catch {
    return undefined;
  }
}

/** A key that would set the prototype of whatever it is copied into never arrives, in whichever way it is spelt. */
function parseValue(json: string): unknown {
  if (!/__proto__|\\u005f/i.test(json)) return JSON.parse(json);
  return JSON.parse(json, (key, value: unknown) => (key === '__proto__' ? undefined : value));
}
