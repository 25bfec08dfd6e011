import { z } from 'zod';
import type { BrokerSession } from './egress/index.ts';
import type { WireRequest, WireResponse } from './hosts/index.ts';
import { RuntimeError } from './types/errors.ts';

const wireRequest = z.object({
  method: z.string().max(20),
  url: z.string().max(20_000),
  headers: z.record(z.string().max(200), z.string().max(20_000)),
  body: z.base64().optional(),
  timeoutMs: z.number().positive().optional(),
});

/** The requests of connector code, sent by the broker. What a host writes is not believed to have the right shape. */
export function throughBroker(session: BrokerSession): (request: WireRequest) => Promise<WireResponse> {
  return async (request) => {
    const { success, data } = wireRequest.safeParse(request);
    if (!success)
      throw new RuntimeError('EGRESS_REQUEST_INVALID', 'the request is not of the form that ctx.http makes');
    const { body, ...rest } = data;
    const answer = await session.request({
      ...rest,
      body: body === undefined ? undefined : Buffer.from(body, 'base64'),
    });
    return { ...answer, body: Buffer.from(answer.body).toString('base64') };
  };
}

/** For code that has nothing to send. */
export function noHttp(): Promise<never> {
  return Promise.reject(new RuntimeError('HOST_DENIED', 'parsing sends nothing: this call has no http'));
}
