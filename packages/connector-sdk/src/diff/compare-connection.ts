import type { Manifest } from '../manifest.ts';
import { type Change, type Path, toChange } from './change.ts';
import { type Compare, compareNumber, compareObject, compareRecord, compareValue } from './compare.ts';
import { compareAuth } from './compare-auth.ts';
import { compareHosts } from './compare-hosts.ts';
import { compareSchema } from './compare-schema.ts';
import { subjectOf } from './subject.ts';

type Connection = Manifest['connection'];

const compareMembers = compareObject<Connection>({
  config: compareSchema('input', 'config'),
  auth: compareRecord({
    added: (auth, path) => [
      toChange('auth-added', path, undefined, auth, `${subjectOf(path)} is new, of kind "${auth.kind}"`),
    ],
    removed: (auth, path) => [toChange('auth-removed', path, auth, undefined, `${subjectOf(path)} is gone`)],
    changed: compareAuth,
  }),
  allowedHosts: compareHosts({ added: 'host-added', removed: 'host-removed' }),
  baseUrl: compareValue('base-url-changed', 'the base URL'),
  rateLimit: compareObject<Connection['rateLimit']>({
    requestsPerMinute: compareNumber('rate-limit-raised', 'rate-limit-lowered', 'requests per minute'),
    concurrency: compareNumber('rate-limit-raised', 'rate-limit-lowered', 'calls at a time'),
  }),
});

/** The connection. A setting that takes more values, and that hosts or URLs are made from, is a wider host. */
export const compareConnection: Compare<Connection> = (before, after, path) => [
  ...compareMembers(before, after, path),
  ...widenedTemplates(before, after, path),
];

function widenedTemplates(before: Connection, after: Connection, path: Path): Change[] {
  const used = listTemplateSettings(after);
  const configPath = [...path, 'config'];
  const widened = compareSchema('input', 'config')(before.config, after.config, configPath).filter(
    ({ class: weight, kind }) => weight !== 'fix' && kind !== 'input-narrowed',
  );
  return [...used].flatMap((name) => {
    const own = `/connection/config/properties/${name}`;
    const cause = widened.find(({ path: at }) => at === own || at.startsWith(`${own}/`) || !isInOneProperty(at));
    if (!cause) return [];
    const message = `The connection makes hosts or URLs from config.${name}, which may hold other values than before`;
    return [toChange('host-template-widened', [...configPath, 'properties', name], cause.before, cause.after, message)];
  });
}

/** Of `/connection/config/…`: changes at the top, in unions and in definitions may concern every property. */
function isInOneProperty(pointer: string): boolean {
  return pointer.startsWith('/connection/config/properties/');
}

/** The settings in `{config.x}` of all hosts and URLs; of `{config.a.b}` the `a`. */
function listTemplateSettings(connection: Connection): Set<string> {
  const { config: _, ...rest } = connection;
  const names = JSON.stringify(rest).matchAll(/\{config\.([A-Za-z0-9_-]+)/g);
  return new Set([...names].map(([, name = '']) => name));
}
