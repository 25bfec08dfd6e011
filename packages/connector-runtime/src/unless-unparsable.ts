import { isConnectorError } from '@org/connector-sdk';
import type { PendingDelivery } from './types/delivery.ts';
import { RuntimeError } from './types/errors.ts';
import { isTransient } from './types/transient.ts';

/** Says of a delivery that connector code could not read it, where another try would fail in the same way. */
export async function unlessUnparsable<T>(delivery: PendingDelivery, parse: () => Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (error) {
    if (!isConnectorError(error) || error.code === 'DELIVERY_UNPARSABLE') throw error;
    if (isTransient(error.code) || MENDABLE.has(error.code) || error.code.startsWith('ARTIFACT_')) throw error;
    throw new RuntimeError(
      'DELIVERY_UNPARSABLE',
      `${delivery.connector} cannot read the delivery (${error.code}): ${error.message}`,
      {
        details: { reason: error.code },
        cause: error,
      },
    );
  }
}

/** An administrator mends these; anything else that does not pass by itself would fail in the same way each time. */
const MENDABLE: ReadonlySet<string> = new Set(['CONNECTOR_NOT_ENABLED', 'CONFIG_INVALID', 'CONFIG_MISSING']);
