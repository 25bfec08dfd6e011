import type { Manifest, ManifestReception } from '../manifest.ts';
import type { Path } from './rule.ts';

/** Every text that people read: titles and descriptions, with what they describe. */
export function listTexts(manifest: Manifest): readonly Text[] {
  const known = knownTexts.get(manifest);
  if (known) return known;
  const texts: Text[] = [];
  const add = (path: Path, { title, description }: { title: string; description?: string }) => {
    texts.push([[...path, 'title'], 'title', title]);
    if (description !== undefined) texts.push([[...path, 'description'], 'description', description]);
  };
  add([], manifest);
  for (const [key, scope] of Object.entries(manifest.scopes)) add(['scopes', key], scope);
  for (const [key, { title }] of Object.entries(manifest.connection.auth)) add(['connection', 'auth', key], { title });
  for (const kind of NAMED) for (const [key, entry] of Object.entries(manifest[kind])) add([kind, key], entry);
  knownTexts.set(manifest, texts);
  return texts;
}

type Text = readonly [path: Path, member: 'title' | 'description', text: string];

/** Several rules read them. */
const knownTexts = new WeakMap<Manifest, readonly Text[]>();

/** The parts of a manifest whose entries have a name, a title and scopes. */
export const NAMED = ['actions', 'triggers', 'approvalChannels'] as const;

/** Every place where deliveries from outside come in. */
export function listReceptions({ triggers, approvalChannels }: Manifest): [Path, ManifestReception][] {
  const receptions: [Path, ManifestReception][] = [];
  for (const [key, { webhook }] of Object.entries(triggers)) {
    if (webhook) receptions.push([['triggers', key, 'webhook'], webhook]);
  }
  for (const [key, { interaction }] of Object.entries(approvalChannels)) {
    receptions.push([['approvalChannels', key, 'interaction'], interaction]);
  }
  return receptions;
}

/** Every list of hosts that may be reached. */
export function listHostLists({ connection }: Manifest): [Path, string[]][] {
  const lists: [Path, string[]][] = [[['connection', 'allowedHosts'], connection.allowedHosts]];
  for (const [key, auth] of Object.entries(connection.auth)) {
    if (auth.kind === 'custom') lists.push([['connection', 'auth', key, 'hosts'], auth.hosts]);
  }
  return lists;
}

/** Every URL that requests, people or credentials are sent to. */
export function listUrls({ connection }: Manifest): [Path, string][] {
  const urls: [Path, string][] = [[['connection', 'baseUrl'], connection.baseUrl]];
  for (const [key, auth] of Object.entries(connection.auth)) {
    if (auth.kind !== 'oauth2') continue;
    for (const member of ['issuer', 'authorizationUrl', 'tokenUrl', 'revocationUrl'] as const) {
      const url = auth[member];
      if (url !== undefined) urls.push([['connection', 'auth', key, member], url]);
    }
  }
  return urls;
}

/** Every list in which nothing should be named twice. */
export function listNameLists(manifest: Manifest): [Path, string[]][] {
  const lists: [Path, string[]][] = [];
  for (const [key, { provider }] of Object.entries(manifest.scopes))
    lists.push([['scopes', key, 'provider'], provider]);
  for (const kind of NAMED) {
    for (const [key, { scopes }] of Object.entries(manifest[kind])) lists.push([[kind, key, 'scopes'], scopes]);
  }
  for (const [key, auth] of Object.entries(manifest.connection.auth)) {
    if (auth.kind === 'oauth2') lists.push([['connection', 'auth', key, 'grants'], auth.grants]);
  }
  for (const [path, { contentTypes, headers }] of listReceptions(manifest)) {
    lists.push([[...path, 'contentTypes'], contentTypes]);
    if (headers) lists.push([[...path, 'headers'], headers]);
  }
  return lists;
}
