import type { CredentialConnection } from './ports.ts';
import type { TokenHttp } from './request-token.ts';

const TIMEOUT_MS = 15_000;

/** The broker, as far as token requests need it. */
interface TokenBroker {
  open(grant: {
    readonly allowedHosts: readonly string[];
    readonly partition: string;
    readonly ownAuthorization: boolean;
    readonly timeoutMs: number;
    readonly maxResponseBytes: number;
  }): TokenHttp;
}

/** How templates of the manifest are filled; egress knows. */
interface Templates {
  resolveTemplate(template: string, config: Readonly<Record<string, unknown>>): string;
  resolveAllowedHosts(templates: readonly string[], config: Readonly<Record<string, unknown>>): string[];
}

/** Opens the broker for one token endpoint: its host and no other, and no credential but the client's own. */
export function createTokenHttp(broker: TokenBroker, templates: Templates) {
  return (tokenUrl: string, { id, config }: CredentialConnection) => {
    const url = templates.resolveTemplate(tokenUrl, config);
    const http = broker.open({
      allowedHosts: templates.resolveAllowedHosts([new URL(url).origin], {}),
      partition: `${id}:auth`,
      ownAuthorization: true,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: 100_000,
    });
    return { url, http };
  };
}
