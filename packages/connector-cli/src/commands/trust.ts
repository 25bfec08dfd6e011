import { resolve } from 'node:path';
import { parsePublicKey, parseTrustFile, parseTrustPolicy, type TrustFile } from '@org/connector-artifact';
import { CliError } from '../errors.ts';
import { createFile, readBytes, readText, replaceFile } from '../files.ts';
import type { Report, Terminal } from '../terminal.ts';

export interface AddKeyOptions {
  readonly publisher: string;
  readonly key: string;
  readonly validFrom?: string;
  readonly validUntil?: string;
}

/** How far back a new key counts by default: releases signed while the policy was being written are valid. */
const DAY_MS = 86_400_000;

/** `connector trust init <file>`: a policy that trusts nobody. */
export async function initTrust(file: string, terminal: Terminal): Promise<Report> {
  await createFile(resolve(terminal.cwd, file), write({ trustVersion: 1, publishers: {} }), 0o644);
  return { ok: true, lines: [`${file} trusts nobody yet; add a key with \`connector trust add-key\``], json: { file } };
}

/** `connector trust add-key <file>`: lets a publisher's key sign. Which connectors, `trust allow` says. */
export async function addTrustedKey(file: string, options: AddKeyOptions, terminal: Terminal): Promise<Report> {
  const { keyId, pem } = parsePublicKey(await readText(resolve(terminal.cwd, options.key), 'The public key'));
  const key = {
    keyId,
    publicKey: pem,
    validFrom: options.validFrom ?? new Date(terminal.now().getTime() - DAY_MS).toISOString(),
    ...(options.validUntil === undefined ? {} : { validUntil: options.validUntil }),
  };
  await edit(file, terminal, (trust) => {
    const publisher = findPublisher(trust, options.publisher);
    if (publisher) publisher.keys.push(key);
    else trust.publishers[options.publisher] = { keys: [key], threshold: 1, allow: [] };
  });
  return {
    ok: true,
    lines: [`${options.publisher} may sign with ${keyId}`],
    json: { file, publisher: options.publisher, keyId },
  };
}

/** `connector trust allow <file> <ids…>`: connector ids, or prefixes such as `acme-*`, that a publisher may publish. */
export async function allowConnectors(
  file: string,
  ids: readonly string[],
  options: { readonly publisher: string },
  terminal: Terminal,
): Promise<Report> {
  const trust = await edit(file, terminal, (policy) => {
    const publisher = findPublisher(policy, options.publisher);
    if (!publisher) {
      throw new CliError('CLI_USAGE', `${file} has no publisher ${options.publisher}; add its key first`);
    }
    publisher.allow = [...new Set([...publisher.allow, ...ids])].sort();
  });
  const allow = findPublisher(trust, options.publisher)?.allow ?? [];
  return {
    ok: true,
    lines: [`${options.publisher} may publish ${allow.join(', ')}`],
    json: { file, ...options, allow },
  };
}

/** `connector trust show <file>`: the policy in words. */
export async function showTrust(file: string, terminal: Terminal): Promise<Report> {
  const bytes = await readBytes(resolve(terminal.cwd, file), 'The trust policy', 4_000_000);
  parseTrustPolicy(bytes);
  const trust = parseTrustFile(bytes);
  const lines = Object.entries(trust.publishers).flatMap(([name, { keys, threshold, allow, minimumVersions }]) => [
    `${name} (${threshold} of ${keys.length} keys) may publish ${allow.join(', ') || 'nothing'}`,
    ...keys.map(({ keyId, validFrom, validUntil, revoked }) =>
      revoked
        ? `  ${keyId}  REVOKED ${revoked.at}: ${revoked.reason}`
        : `  ${keyId}  from ${validFrom}${validUntil === undefined ? '' : ` until ${validUntil}`}`,
    ),
    ...Object.entries(minimumVersions ?? {}).map(([id, version]) => `  ${id} from version ${version}`),
  ]);
  return { ok: true, lines: lines.length > 0 ? lines : [`${file} trusts nobody`], json: { file, trust } };
}

/** Reads, changes and writes the policy; what would not load again is not written. */
async function edit(file: string, terminal: Terminal, change: (trust: TrustFile) => void): Promise<TrustFile> {
  const path = resolve(terminal.cwd, file);
  const trust = parseTrustFile(await readBytes(path, 'The trust policy', 4_000_000));
  change(trust);
  const text = write(trust);
  parseTrustPolicy(Buffer.from(text));
  await replaceFile(path, text);
  return trust;
}

/** By own member only: `constructor` is a name that a publisher may have. */
function findPublisher({ publishers }: TrustFile, name: string): TrustFile['publishers'][string] | undefined {
  return Object.hasOwn(publishers, name) ? publishers[name] : undefined;
}

function write(trust: TrustFile): string {
  return `${JSON.stringify(trust, null, 2)}\n`;
}
