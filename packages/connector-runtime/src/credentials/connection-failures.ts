import { RuntimeError } from '../types/errors.ts';

export function missingCredential(connectionId: string): RuntimeError {
  return new RuntimeError('CREDENTIAL_MISSING', `connection ${connectionId} has no usable credential; store one`, {
    details: { connectionId },
  });
}

export function unknownConnection(connectionId: string): RuntimeError {
  return new RuntimeError('CONNECTION_UNKNOWN', `there is no connection ${connectionId} here`, {
    details: { connectionId },
  });
}

export function reauthRequired(connectionId: string, why: string): RuntimeError {
  return new RuntimeError(
    'CONNECTION_REAUTH_REQUIRED',
    `connection ${connectionId} must be connected again by a person: ${why}`,
    { details: { connectionId } },
  );
}
