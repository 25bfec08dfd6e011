import { RuntimeError } from '../types/errors.ts';
import type { CredentialConnection } from './ports.ts';

/** The broker, opened for the hosts of one authorization server. */
export interface TokenHttp {
  request(request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array | undefined;
  }): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  }>;
}

export interface TokenNetwork {
  /** Fills a URL of the manifest. Throws `CONNECTION_CONFIG_INVALID`. */
  resolve(template: string, config: Readonly<Record<string, unknown>>): string;
  open(urls: readonly string[], connection: CredentialConnection): TokenHttp;
}

/** Seconds for a whole answer. Providers have taken 15 of them. */
const PATIENCE_TICKS = 30;
/** Only so that the broker has a bound: ticks decide. */
const TIMEOUT_MS = 600_000;
const MAX_RESPONSE_BYTES = 100_000;

interface TokenBroker {
  open(grant: {
    readonly allowedHosts: readonly string[];
    readonly partition: string;
    readonly ownAuthorization: boolean;
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
    readonly maxResponseBytes: number;
  }): TokenHttp & { close(): void };
}

/** How templates of the manifest are filled; egress knows. */
interface Templates {
  resolveTemplate(template: string, config: Readonly<Record<string, unknown>>): string;
  resolveAllowedHosts(templates: readonly string[], config: Readonly<Record<string, unknown>>): string[];
}

/** Calls back about once a second until it is stopped. */
type Ticks = (onTick: () => void) => { stop(): void };

/** Opens the broker for one server: its hosts and no other, and no credential but the client's own. */
export function createTokenHttp(broker: TokenBroker, templates: Templates, ticks: Ticks = seconds): TokenNetwork {
  return {
    resolve(template, config) {
      const text = templates.resolveTemplate(template, config);
      if (URL.canParse(text)) return new URL(text).href;
      throw new RuntimeError('CONNECTION_CONFIG_INVALID', `${JSON.stringify(template)} is no URL with this config`);
    },
    open: (urls, { id }) => ({
      async request(request) {
        const late = new AbortController();
        let left = PATIENCE_TICKS;
        // Ticks and not a time: an answer that came while this process stood still is read when it goes on. It may hold the
        // only copy of a rotated token.
        const timer = ticks(() => {
          left -= 1;
          if (left <= 0) late.abort();
        });
        const session = broker.open({
          allowedHosts: templates.resolveAllowedHosts(
            urls.map((url) => new URL(url).origin),
            {},
          ),
          partition: `${id}:auth`,
          ownAuthorization: true,
          signal: late.signal,
          timeoutMs: TIMEOUT_MS,
          maxResponseBytes: MAX_RESPONSE_BYTES,
        });
        try {
          return await session.request(request);
        } finally {
          timer.stop();
          session.close();
        }
      },
    }),
  };
}

const seconds: Ticks = (onTick) => {
  const timer = setInterval(onTick, 1000);
  return { stop: () => clearInterval(timer) };
};
