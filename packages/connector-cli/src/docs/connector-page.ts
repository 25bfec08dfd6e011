import type { Manifest } from '@org/connector-sdk';
import { describeActions } from './action-section.ts';
import { describeAuth } from './auth-section.ts';
import { deprecationOf, entries } from './entry-words.ts';
import { code, inline, table } from './markdown.ts';
import { describeSchema } from './schema-table.ts';
import { describeChannels, describeTriggers } from './trigger-section.ts';

/** The reference of a connector, made from its manifest alone: the same manifest gives the same text. */
export function connectorPage(manifest: Manifest): string {
  const sections = [
    headOf(manifest),
    overviewOf(manifest),
    scopesOf(manifest),
    hostsOf(manifest),
    describeAuth(manifest.connection.auth),
    ['## Configuration', '', ...describeSchema(manifest.connection.config, 'Nothing is to be configured.')],
    limitsOf(manifest),
    describeActions(manifest),
    describeTriggers(manifest),
    describeChannels(manifest),
  ];
  return `${sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n')}\n`;
}

function headOf({ id, version, publisher, title, description, engines, deprecated }: Manifest): string[] {
  return [
    `# ${inline(title)}`,
    '',
    '<!-- Made from the manifest by `connector docs`. Change the code of the connector, not this page. -->',
    '',
    inline(description),
    '',
    ...(deprecated ? [deprecationOf(deprecated), ''] : []),
    ...table(
      ['connector', 'version', 'publisher', 'runtime'],
      [[code(id), code(version), code(publisher), code(engines.runtime)]],
    ),
  ];
}

function overviewOf({ actions, triggers, approvalChannels }: Manifest): string[] {
  const rows = [
    ...entries(actions).map(([key, { title, effect, risk }]) => [
      link(key, 'action'),
      inline(title),
      effect === 'write' ? `changes data, ${risk} risk` : `reads, ${risk} risk`,
    ]),
    ...entries(triggers).map(([key, { title }]) => [link(key, 'trigger'), inline(title), 'starts workflows']),
    ...entries(approvalChannels).map(([key, { title }]) => [
      link(key, 'approval channel'),
      inline(title),
      'asks people',
    ]),
  ];
  return ['## What it can do', '', ...table(['name', 'what it is', 'effect'], rows)];
}

function link(key: string, what: string): string {
  return `[${code(key)}](#${what.replaceAll(' ', '-')}-${key})`;
}

function scopesOf(manifest: Manifest): string[] {
  const scopes = entries(manifest.scopes);
  if (scopes.length === 0) return [];
  const rows = scopes.map(([scope, { title, description, provider }]) => [
    code(scope),
    `**${inline(title)}** ${inline(description)}`,
    provider.map(code).join(', ') || 'nothing by name',
    usersOf(manifest, scope).map(code).join(', ') || 'nothing',
  ]);
  return ['## Scopes', '', ...table(['scope', 'what it allows', 'at the provider', 'needed by'], rows)];
}

function usersOf({ actions, triggers, approvalChannels }: Manifest, scope: string): string[] {
  type Needing = {
    readonly scopes: readonly string[];
    readonly groups?: { readonly scopes: readonly string[] } | undefined;
  };
  return [actions, triggers, approvalChannels].flatMap((part) =>
    entries<Needing>(part).flatMap(([key, { scopes, groups }]) =>
      scopes.includes(scope) || groups?.scopes.includes(scope) ? [key] : [],
    ),
  );
}

function hostsOf({ connection }: Manifest): string[] {
  return [
    '## Where it can go',
    '',
    'The runtime lets it reach these hosts and no others:',
    '',
    ...connection.allowedHosts.map((host) => `- ${code(host)}`),
    '',
    `Requests start from ${code(connection.baseUrl)}. \`{config.…}\` stands for a setting of the connection.`,
  ];
}

function limitsOf({ connection: { rateLimit } }: Manifest): string[] {
  const { requestsPerMinute, concurrency } = rateLimit;
  return [
    '## Limits',
    '',
    `It asks for ${requestsPerMinute} requests a minute and ${concurrency} at a time for each connection.`,
  ];
}
