import { resolve } from 'node:path';
import {
  parsePublicKey,
  parseTrustFile,
  parseTrustPolicy,
  type TrustFile,
  writeTrustFile,
} from '@org/connector-artifact';
import { CliError } from '../errors.ts';
import { createFile, readText } from '../files.ts';
import type { Report, Terminal } from '../terminal.ts';
import { editTrustFile, readTrustBytes } from '../trust/edit-trust-file.ts';

type Publisher = TrustFile['publishers'][string];
type Key = Publisher['keys'][number];

interface OfPublisher {
  readonly publisher: string;
}

export interface AddKeyOptions extends OfPublisher {
  readonly key: string;
  readonly validFrom?: string;
  readonly validUntil?: string;
}

export interface RevokeKeyOptions {
  /** A public key file. */
  readonly key?: string;
  /** A key id, or the beginning of one. */
  readonly keyId?: string;
  readonly reason: string;
  readonly at?: string;
}

/** How far back a new key counts by default: releases signed while the policy was being written are valid. */
const DAY_MS = 86_400_000;

/** `connector trust init <file>`: a policy that trusts nobody. */
export async function initTrust(
  file: string,
  { validUntil }: { validUntil?: string },
  terminal: Terminal,
): Promise<Report> {
  const trust: TrustFile = {
    trustVersion: 1,
    serial: 1,
    ...(validUntil === undefined ? {} : { validUntil }),
    publishers: {},
  };
  const bytes = writeTrustFile(trust);
  parseTrustPolicy(bytes);
  await createFile(resolve(terminal.cwd, file), Buffer.from(bytes).toString('utf8'), 0o644);
  const lines = [`${file} trusts nobody yet; add a key with \`connector trust add-key\``];
  return { ok: true, lines, json: { file, serial: 1 } };
}

/** `connector trust add-key <file>`: lets a publisher's key sign. Which connectors, `trust allow` says. */
export async function addTrustedKey(file: string, options: AddKeyOptions, terminal: Terminal): Promise<Report> {
  const { publisher: name, key: keyFile, validFrom, validUntil } = options;
  const { keyId, pem } = parsePublicKey(await readText(resolve(terminal.cwd, keyFile), 'The public key'));
  const key = {
    keyId,
    publicKey: pem,
    validFrom: validFrom ?? new Date(terminal.now().getTime() - DAY_MS).toISOString(),
    ...(validUntil === undefined ? {} : { validUntil }),
  };
  const { serial } = await editTrustFile(resolve(terminal.cwd, file), (trust) => {
    const publisher = findPublisher(trust, name);
    if (publisher) publisher.keys.push(key);
    // A new member whatever its name; assigning `__proto__` would change nothing and look like success.
    else trust.publishers = { ...trust.publishers, [name]: { keys: [key], threshold: 1, allow: [] } };
  });
  return { ok: true, lines: [`${name} may sign with ${keyId}`], json: { file, serial, publisher: name, keyId } };
}

/**
 * `connector trust revoke-key <file>`: whatever the key signed, at whatever time, counts no more. There is no way back but a
 * new key. A key that is revoked already keeps its first reason.
 */
export async function revokeTrustedKey(file: string, options: RevokeKeyOptions, terminal: Terminal): Promise<Report> {
  const { key: keyFile, keyId: wanted, reason, at = terminal.now().toISOString() } = options;
  if ((keyFile === undefined) === (wanted === undefined)) {
    throw new CliError('CLI_USAGE', 'name the key by --key <pem> or by --key-id <id>');
  }
  const keyId = keyFile && parsePublicKey(await readText(resolve(terminal.cwd, keyFile), 'The public key')).keyId;
  let revoked: { readonly name: string; readonly publisher: Publisher; readonly key: Key } | undefined;
  const { serial } = await editTrustFile(resolve(terminal.cwd, file), (trust) => {
    revoked = findKey(trust, keyId ?? wanted ?? '', file);
    revoked.key.revoked ??= { at, reason };
  });
  if (!revoked) throw new CliError('CLI_USAGE', `${file} has no such key`);
  const { name, publisher, key } = revoked;
  const left = publisher.keys.filter((one) => !one.revoked).length;
  if (left < publisher.threshold) {
    terminal.err(
      `${name} has ${left} keys left and needs ${publisher.threshold} signatures: nothing of it runs any more.`,
    );
  }
  return {
    ok: true,
    lines: [`${key.keyId} of ${name} is revoked: ${key.revoked?.reason}`],
    json: { file, serial, publisher: name, keyId: key.keyId, revoked: key.revoked },
  };
}

/** `connector trust allow <file> <ids…>`: connector ids, or prefixes such as `acme-*`, that a publisher may publish. */
export function allowConnectors(file: string, ids: readonly string[], options: OfPublisher, terminal: Terminal) {
  return editAllowed(file, options, terminal, (allow) => [...allow, ...ids]);
}

/** `connector trust disallow <file> <ids…>`: takes members of the list away, spelt as they are in it. */
export function disallowConnectors(file: string, ids: readonly string[], options: OfPublisher, terminal: Terminal) {
  return editAllowed(file, options, terminal, (allow) => {
    const missing = ids.find((id) => !allow.includes(id));
    if (missing === undefined) return allow.filter((id) => !ids.includes(id));
    throw new CliError(
      'CLI_USAGE',
      `${options.publisher} is not allowed ${missing}; it is ${allow.join(', ') || 'nothing'}`,
    );
  });
}

async function editAllowed(
  file: string,
  { publisher: name }: OfPublisher,
  terminal: Terminal,
  change: (allow: readonly string[]) => string[],
): Promise<Report> {
  const trust = await editTrustFile(resolve(terminal.cwd, file), (policy) => {
    const publisher = requirePublisher(policy, name, file);
    publisher.allow = [...new Set(change(publisher.allow))].sort();
  });
  const { allow } = requirePublisher(trust, name, file);
  const lines = [`${name} may publish ${allow.join(', ') || 'nothing'}`];
  return { ok: true, lines, json: { file, serial: trust.serial, publisher: name, allow } };
}

/** `connector trust threshold <file> <count>`: how many of a publisher's keys must have signed. */
export async function setThreshold(
  file: string,
  count: string,
  options: OfPublisher,
  terminal: Terminal,
): Promise<Report> {
  const { publisher: name } = options;
  const threshold = Number(count);
  const { serial } = await editTrustFile(resolve(terminal.cwd, file), (trust) => {
    requirePublisher(trust, name, file).threshold = threshold;
  });
  const lines = [`${name} needs ${threshold} ${threshold === 1 ? 'signature' : 'signatures'}`];
  return { ok: true, lines, json: { file, serial, publisher: name, threshold } };
}

/** `connector trust minimum-version <file> <id> <version>`: refuses older releases of a connector, also enabled ones. */
export async function setMinimumVersion(
  file: string,
  id: string,
  version: string,
  { publisher: name }: OfPublisher,
  terminal: Terminal,
): Promise<Report> {
  const { serial } = await editTrustFile(resolve(terminal.cwd, file), (trust) => {
    const publisher = requirePublisher(trust, name, file);
    publisher.minimumVersions = { ...publisher.minimumVersions, [id]: version };
  });
  const lines = [`${id} of ${name} from version ${version}`];
  return { ok: true, lines, json: { file, serial, publisher: name, id, version } };
}

/** `connector trust valid-until <file> <time>`: from then on nothing new is enabled under this policy. */
export async function setValidUntil(file: string, validUntil: string, terminal: Terminal): Promise<Report> {
  const { serial } = await editTrustFile(resolve(terminal.cwd, file), (trust) => {
    trust.validUntil = validUntil;
  });
  return { ok: true, lines: [`${file} ends at ${validUntil}`], json: { file, serial, validUntil } };
}

/** `connector trust show <file>`: the policy in words. */
export async function showTrust(file: string, terminal: Terminal): Promise<Report> {
  const bytes = await readTrustBytes(resolve(terminal.cwd, file));
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
  const ends = trust.validUntil === undefined ? [] : [`ends at ${trust.validUntil}`];
  const shown = lines.length > 0 ? lines : [`${file} trusts nobody`];
  return { ok: true, lines: [...shown, ...ends], json: { file, trust } };
}

/** By own member only: `constructor` is a name that a publisher may have. */
function findPublisher({ publishers }: TrustFile, name: string): Publisher | undefined {
  return Object.hasOwn(publishers, name) ? publishers[name] : undefined;
}

function requirePublisher(trust: TrustFile, name: string, file: string): Publisher {
  const publisher = findPublisher(trust, name);
  if (publisher) return publisher;
  throw new CliError('CLI_USAGE', `${file} has no publisher ${name}; add its key first`);
}

/** By its id, or by a beginning of it that fits one key only. */
function findKey({ publishers }: TrustFile, wanted: string, file: string) {
  const fits = Object.entries(publishers).flatMap(([name, publisher]) =>
    publisher.keys.filter(({ keyId }) => keyId.startsWith(wanted)).map((key) => ({ name, publisher, key })),
  );
  const [first, second] = fits;
  if (first && !second && /^[0-9a-f]{8,64}$/.test(wanted)) return first;
  const why = second ? 'fits several keys' : 'fits no key by at least 8 of its hex digits';
  throw new CliError('CLI_USAGE', `${JSON.stringify(wanted)} ${why} in ${file}; \`connector trust show\` lists them`);
}
