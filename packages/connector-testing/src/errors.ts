import { ConnectorError } from '@org/connector-sdk';

export type TestingErrorCode =
  | 'BUTTON_UNKNOWN'
  | 'COLUMN_UNKNOWN'
  | 'CONFIG_INVALID'
  | 'CONTROL_REFUSED'
  | 'CONTROL_UNREACHABLE'
  | 'DIRECTORY_UNKNOWN'
  | 'EMULATOR_CALL_REFUSED'
  | 'EMULATOR_SEED_FAILED'
  | 'FAULT_INVALID'
  | 'INCIDENT_UNKNOWN'
  | 'OUTBOUND_INVALID'
  | 'OUTBOUND_UNCONFIGURED'
  | 'OUTBOUND_UNKNOWN'
  | 'PORT_UNAVAILABLE'
  | 'QUERY_UNSUPPORTED'
  | 'SEED_INVALID';

/** Thrown by the emulators when they are driven wrongly; a vendor's refusals are HTTP answers, not errors. */
export class TestingError extends ConnectorError<TestingErrorCode> {}
