import { RuntimeError } from '../types/errors.ts';

export function unknownDelivery(deliveryId: string): RuntimeError {
  return new RuntimeError(
    'DELIVERY_UNKNOWN',
    `there is no delivery ${deliveryId} here; after the time of retention it is deleted`,
  );
}
