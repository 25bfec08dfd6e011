import { isConnectorError } from '@org/connector-sdk';

/** An error as people and programs are told of it: no stack, no cause. */
export interface ErrorDescription {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export function describeError(error: unknown): ErrorDescription {
  if (isConnectorError(error)) return error.toJSON();
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return {
    code: 'CLI_UNEXPECTED',
    message: `${message}; this is a defect of the command, please report it`,
    details: {},
  };
}
