import type { AnyAction } from './action.ts';
import type { AnyApprovalChannel } from './approval-channel.ts';
import type { AnyAuth } from './auth.ts';
import { canonicalJson } from './canonical-json.ts';
import type { ConnectorDefinition } from './connector.ts';
import type { Deprecation } from './deprecation.ts';
import { SdkError } from './errors.ts';
import {
  MANIFEST_SCHEMA_ID,
  MANIFEST_VERSION,
  type Manifest,
  type ManifestAction,
  type ManifestReception,
  type ManifestTrigger,
  parseManifest,
} from './manifest.ts';
import { toJsonSchema } from './schema.ts';
import type { AnyTrigger, WebhookReception } from './trigger.ts';

/**
 * The manifest of a connector: a pure function of its definition and version.
 *
 * @throws SdkError `SCHEMA_*` naming the schema's path | `DEFINITION_INVALID` | `MANIFEST_INVALID`
 */
export function deriveManifest(definition: ConnectorDefinition, options: { readonly version: string }): Manifest {
  const { connection } = definition;
  const manifest = {
    $schema: MANIFEST_SCHEMA_ID,
    manifestVersion: MANIFEST_VERSION,
    id: definition.id,
    version: options.version,
    publisher: definition.publisher,
    title: definition.title,
    description: definition.description,
    engines: definition.engines,
    ...deprecation(definition),
    scopes: definition.scopes,
    connection: {
      config: toJsonSchema(connection.config, 'input', 'connection.config'),
      auth: mapValues(connection.auth, deriveAuth),
      allowedHosts: connection.allowedHosts,
      baseUrl: connection.baseUrl,
      rateLimit: connection.rateLimit,
    },
    actions: mapValues(definition.actions, (action, key) => deriveAction(action, key, definition.actions)),
    triggers: mapValues(definition.triggers, deriveTrigger),
    approvalChannels: mapValues(definition.approvalChannels, deriveChannel),
  };
  // Through bytes: what is checked is what will be signed, not a live object.
  return parseManifest(new TextEncoder().encode(canonicalJson(manifest)));
}

/** The bytes of `manifest.json`: RFC 8785, and a line end. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${canonicalJson(manifest)}\n`);
}

function deriveAction(action: AnyAction, key: string, siblings: Readonly<Record<string, AnyAction>>): ManifestAction {
  return {
    title: action.title,
    description: action.description,
    effect: action.effect,
    risk: action.risk,
    scopes: [...action.scopes],
    idempotency: {
      mode: action.idempotency?.mode ?? 'safe',
      ...(action.idempotency?.settleSeconds !== undefined ? { settleSeconds: action.idempotency.settleSeconds } : {}),
      resolve: action.resolve !== undefined,
    },
    reversible: deriveReversible(action, key, siblings),
    timeoutMs: action.timeoutMs ?? 30_000,
    input: toJsonSchema(action.input, 'input', `actions.${key}.input`) as ManifestAction['input'],
    output: toJsonSchema(action.output, 'output', `actions.${key}.output`) as ManifestAction['output'],
    ...deprecation(action),
  };
}

function deriveReversible(
  action: AnyAction,
  key: string,
  siblings: Readonly<Record<string, AnyAction>>,
): ManifestAction['reversible'] {
  if (!action.reversible) return null;
  const by = action.reversible.undo ? 'undo' : 'compensation';
  const reversal = action.reversible.undo ?? action.reversible.compensation;
  if (typeof reversal === 'function' || reversal === undefined) return { by, action: key };
  const sibling = Object.entries(siblings).find(([, candidate]) => candidate === reversal.action)?.[0];
  if (sibling === undefined) {
    throw new SdkError(
      'DEFINITION_INVALID',
      `actions.${key} is reversed by an action that this connector does not list: add it to \`actions\``,
    );
  }
  return { by, action: sibling };
}

function deriveTrigger(trigger: AnyTrigger, key: string): ManifestTrigger {
  return {
    title: trigger.title,
    description: trigger.description,
    scopes: [...trigger.scopes],
    event: toJsonSchema(trigger.event, 'output', `triggers.${key}.event`) as ManifestTrigger['event'],
    ...(trigger.webhook ? { webhook: deriveReception(trigger.webhook) } : {}),
    ...(trigger.polling
      ? {
          polling: { intervalSeconds: trigger.polling.intervalSeconds, overlapSeconds: trigger.polling.overlapSeconds },
        }
      : {}),
    ...deprecation(trigger),
  };
}

function deriveChannel(channel: AnyApprovalChannel, key: string): unknown {
  return {
    title: channel.title,
    description: channel.description,
    scopes: channel.scopes,
    target: toJsonSchema(channel.target, 'input', `approvalChannels.${key}.target`),
    interaction: deriveReception(channel.interaction),
    ...(channel.groups === undefined ? {} : { groups: { scopes: channel.groups.scopes } }),
    ...deprecation(channel),
  };
}

function deriveReception(webhook: WebhookReception): ManifestReception {
  const { verification, contentTypes, deliveryId, handshake, maxBodyBytes, headers } = webhook;
  return JSON.parse(
    JSON.stringify({ verification, contentTypes, deliveryId, handshake, maxBodyBytes, headers }),
  ) as ManifestReception;
}

function deriveAuth(auth: AnyAuth, key: string): unknown {
  if (auth.kind !== 'custom') return auth;
  const { kind, title, hosts } = auth;
  return { kind, title, hosts, secret: toJsonSchema(auth.secret, 'input', `connection.auth.${key}.secret`) };
}

function deprecation({ deprecated }: { readonly deprecated?: Deprecation }): { deprecated?: Deprecation } {
  return deprecated ? { deprecated } : {};
}

function mapValues<V, R>(record: Readonly<Record<string, V>>, map: (value: V, key: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
