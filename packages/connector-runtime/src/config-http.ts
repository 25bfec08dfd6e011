import { z } from 'zod';
import { createClientAddress, type ForwardedHeader, type ProxyTrust } from './http/client-address.ts';

/** What stands in front of the runtime, and how they talk. */
export interface HttpConfig {
  /**
   * Addresses and CIDR ranges of your own proxies. Only what they say of a client's address is believed, from the nearest
   * one on. Default: none, and the address is the peer's.
   */
  readonly trustedProxies?: readonly string[] | undefined;
  /** The header your proxies write. Default `x-forwarded-for`; the other one is never read. */
  readonly forwardedHeader?: ForwardedHeader | undefined;
  /** `serve` speaks HTTP/2 without TLS (h2c, prior knowledge) to its proxy, and nothing else. Default false. */
  readonly http2?: boolean | undefined;
  /**
   * How long `serve` goes on once it is told to stop, while `/readyz` is 503 already: as long as a load balancer takes to
   * notice. 0 to 300, default 0.
   */
  readonly drainSeconds?: number | undefined;
}

export interface HttpOptions extends ProxyTrust {
  readonly http2: boolean;
  readonly drainSeconds: number;
}

export const http = z
  .strictObject({
    trustedProxies: z.array(z.string()).default([]),
    forwardedHeader: z.enum(['x-forwarded-for', 'forwarded']).default('x-forwarded-for'),
    http2: z.boolean().default(false),
    drainSeconds: z.number().min(0).max(300).default(0),
  })
  .superRefine((options, context) => {
    try {
      createClientAddress(options);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message, path: ['trustedProxies'] });
    }
  })
  .prefault({});
