import type { Delivery } from '@org/connector-sdk';
import { HostError } from './host-error.ts';
import { bufferFrom, PristineURLSearchParams, parseJson } from './pristine.ts';
import type { WireDelivery } from './wire.ts';

/** The delivery as `parse` and `parseDecision` see it. */
export function readDelivery(wire: WireDelivery): Delivery {
  const body = bufferFrom(wire.body, 'base64');
  const text = () => body.toString('utf8');
  return {
    id: wire.id,
    contentType: wire.contentType,
    headers: wire.headers,
    receivedAt: wire.receivedAt,
    body: new Uint8Array(body),
    text,
    json() {
      try {
        return parseJson(text());
      } catch {
        throw new HostError('DELIVERY_NOT_JSON', 'The body of the delivery is not JSON');
      }
    },
    form: () => new PristineURLSearchParams(text()),
  };
}
