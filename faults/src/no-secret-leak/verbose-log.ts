import { createLog, createScrubber } from '@org/connector-runtime/stages';

const encodings: readonly ((secret: string, random: () => number) => string)[] = [
  (secret) => secret,
  (secret) => JSON.stringify(JSON.stringify({ secret })),
  (secret) => Buffer.from(secret).toString('hex'),
  (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  (secret) => encodeURIComponent(secret),
  (secret) => new URLSearchParams({ secret }).toString(),
  (secret, random) => Buffer.from(`${'u'.repeat(Math.floor(random() * 3))}${secret}:x`).toString('base64'),
  (secret, random) => Buffer.from(`${'u'.repeat(Math.floor(random() * 3))}${secret}`).toString('base64url'),
];

const holders: readonly ((value: string) => unknown)[] = [
  (value) => value,
  (value) => ({ list: [{ nested: { value } }] }),
  (value) => ({ [value]: true }),
  (value) => new Map([[value, new Set([value])]]),
  (value) => Object.assign(new Error(`failed: ${value}`), { request: { headers: { authorization: value } } }),
  (value) => new AggregateError([new Error(value)], 'all', { cause: new TypeError(value, { cause: value }) }),
  (value) => new URL(`https://user:x@example.com/${encodeURIComponent(value)}?token=${encodeURIComponent(value)}`),
  (value) => new Headers({ 'x-value': encodeURIComponent(value) }),
  (value) => ['x-api-key', value],
];

/** Lines of the runtime's own log at its most verbose, which tries to say each of the secrets in every way there is. */
export function logEverything(options: {
  readonly secrets: readonly string[];
  readonly lines: number;
  readonly random: () => number;
  /** Broken on purpose: nothing is scrubbed. */
  readonly broken: boolean;
}): string[] {
  const { secrets, random, broken } = options;
  const scrubber = createScrubber();
  for (const secret of secrets) scrubber.register(secret);
  const written: string[] = [];
  const log = createLog({
    level: 'debug',
    clock: { now: () => 0 },
    scrubber: broken ? { ...scrubber, scrub: (text) => text } : scrubber,
    destination: { write: (line: string) => void written.push(line) },
  });
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
  for (let line = 0; line < options.lines; line += 1) {
    const value = pick(encodings)(pick(secrets), random);
    const level = pick(['debug', 'info', 'warn', 'error'] as const);
    log.child({ inherited: pick(holders)(value) })[level](`said: ${value}`, { field: pick(holders)(value) });
  }
  return written;
}
