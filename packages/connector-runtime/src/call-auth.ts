import { ActionError, isConnectorError } from '@org/connector-sdk';
import type { ArtifactRegistry } from './artifacts/index.ts';
import { throughBroker } from './brokered-http.ts';
import { parseAuthentication } from './checked-answers.ts';
import type { CallAuth } from './credentials/index.ts';
import { type Broker, resolveAllowedHosts, resolveTemplate } from './egress/index.ts';
import type { HostPool } from './hosts/index.ts';
import type { Clock } from './types/clock.ts';
import { type Log, silentLog } from './types/log.ts';

const TIMEOUT_MS = 20_000;

interface CallAuthOptions {
  readonly artifacts: Pick<ArtifactRegistry, 'open'>;
  readonly hosts: Pick<HostPool, 'call'>;
  readonly broker: Pick<Broker, 'open'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Custom auth: the connector's `authenticate` in a process of its own per connection, apart from the connector's other
 * code, with that connection's secret, and with http to `auth.hosts` only.
 */
export function createCallAuth({ artifacts, hosts, broker, clock, log }: CallAuthOptions): CallAuth {
  return async ({ connection, digest, auth, secret }) => {
    const { code, manifest } = await artifacts.open(digest);
    const { id, tenantId, config } = connection;
    const session = broker.open({
      allowedHosts: resolveAllowedHosts(auth.hosts, config),
      partition: `${id}:auth`,
      ownAuthorization: true,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: 1_000_000,
    });
    try {
      const answer = await hosts.call({
        key: `${tenantId}:${digest}:${id}:auth`,
        code,
        method: 'authenticate',
        params: {
          auth: connection.auth,
          config,
          secret,
          now: clock.now(),
          baseUrl: resolveTemplate(manifest.connection.baseUrl, config),
        },
        timeoutMs: TIMEOUT_MS,
        onHttp: throughBroker(session),
        // What this code says could hold the secret it works with.
        log: silentLog,
      });
      return parseAuthentication(answer);
    } catch (error) {
      log.warn('custom auth failed', { connectionId: id, code: isConnectorError(error) ? error.code : 'unknown' });
      throw withoutSecret(error, secret);
    } finally {
      session.close();
    }
  };
}

/** The connector's own code and words, without what it may have quoted: the secret, a line of it, or its base64. */
function withoutSecret(error: unknown, secret: Readonly<Record<string, string>>): unknown {
  if (!isConnectorError(error)) return error;
  const values = Object.values(secret);
  const forms = values.flatMap((value) => [value, ...value.split(/\s+/), Buffer.from(value).toString('base64')]);
  const longestFirst = forms.filter(({ length }) => length >= 6).sort((a, b) => b.length - a.length);
  const message = longestFirst.reduce((text, form) => text.replaceAll(form, '[secret]'), error.message);
  return new ActionError(error.code, message, { kind: error instanceof ActionError ? error.kind : 'failed' });
}
