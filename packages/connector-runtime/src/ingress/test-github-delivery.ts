import { createHmac } from 'node:crypto';
import type { RawDelivery } from '../types/delivery.ts';

/** A delivery as GitHub signs it. Neither its id nor a time is covered. */
export function githubDelivery(
  to: { readonly token: string; readonly secret: string },
  { id, receivedAt, body = `{"id":${JSON.stringify(id)}}` }: { id: string; receivedAt: number; body?: string },
): RawDelivery {
  const bytes = Buffer.from(body);
  const signature = createHmac('sha256', to.secret).update(bytes).digest('hex');
  return {
    endpointToken: to.token,
    headers: [
      ['content-type', 'application/json'],
      ['x-github-delivery', id],
      ['x-github-event', 'issues'],
      ['x-hub-signature-256', `sha256=${signature}`],
    ],
    body: bytes,
    receivedAt,
  };
}
