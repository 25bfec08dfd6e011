import { ActionError } from '@org/connector-sdk';
import { isActionErrorKind } from './child/host-error.ts';
import type { WireError } from './child/wire.ts';

/** An error that connector code threw, or that its host made for it. The code is the connector's word: decide nothing about safety by it. */
export function fromWireError(wire: WireError): ActionError {
  const kind = isActionErrorKind(wire.kind) ? wire.kind : 'failed';
  return new ActionError(text(wire.code, 100, 'ACTION_FAILED'), text(wire.message, 1000, 'Connector code failed'), {
    kind,
    details: typeof wire.details === 'object' && wire.details !== null ? wire.details : {},
  });
}

function text(value: unknown, length: number, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value.slice(0, length).toWellFormed() : otherwise;
}
