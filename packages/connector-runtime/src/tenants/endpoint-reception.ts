import type { Manifest, ManifestReception } from '@org/connector-sdk';
import type { EndpointPurpose } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';
import type { EndpointSecretRules } from './ports.ts';

/** What a manifest declares for an endpoint's deliveries. Throws `TRIGGER_UNKNOWN` | `CHANNEL_UNKNOWN`. */
export function findReception(manifest: Manifest, { kind, name }: EndpointPurpose): ManifestReception {
  const { triggers, approvalChannels } = manifest;
  if (kind === 'trigger') {
    const reception = Object.hasOwn(triggers, name) ? triggers[name]?.webhook : undefined;
    if (reception !== undefined) return reception;
    const known = Object.keys(triggers).filter((key) => triggers[key]?.webhook !== undefined);
    throw new RuntimeError('TRIGGER_UNKNOWN', `${manifest.id} has no webhook trigger "${name}"; it has ${list(known)}`);
  }
  const channel = Object.hasOwn(approvalChannels, name) ? approvalChannels[name] : undefined;
  if (channel !== undefined) return channel.interaction;
  const known = Object.keys(approvalChannels);
  throw new RuntimeError('CHANNEL_UNKNOWN', `${manifest.id} has no approval channel "${name}"; it has ${list(known)}`);
}

/** The sender's own, or one that is made. Throws `ENDPOINT_SECRET_TOO_SHORT`. */
export function newSecret(
  rules: EndpointSecretRules,
  { verification }: ManifestReception,
  given: Secret | undefined,
): Secret {
  const secret = given ?? new Secret(rules.generate(verification));
  rules.require(verification, secret.reveal());
  return secret;
}

const list = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '));
