import { ConnectorError, isConnectorError } from '@org/connector-sdk';
import type { StepError } from '../types/run.ts';
import { jsonCopy } from './planned-step.ts';

/** What a workflow's own code gives, or threw, as the journal holds it. */
export async function attempt(key: string, work: () => unknown): Promise<{ value: unknown } | { error: StepError }> {
  try {
    return { value: jsonCopy(await work()) };
  } catch (error) {
    if (isConnectorError(error)) return { error: { code: error.code, message: error.message } };
    const what = error instanceof Error ? `${error.name}: ${error.message}` : 'something that is no Error';
    return { error: { code: 'RUN_FAILED', message: `step ${key} threw ${what}` } };
  }
}

/** Refusals are the workflow's to catch; what is not one (the database is away, the run was taken over) ends the execution. */
export async function orRefusal<T>(work: Promise<T>): Promise<T | ConnectorError> {
  try {
    return await work;
  } catch (error) {
    if (isConnectorError(error) && !ENDS_EXECUTION.has(error.code)) return error;
    throw error;
  }
}

const ENDS_EXECUTION: ReadonlySet<string> = new Set([
  'RUN_FENCED',
  'DATABASE_UNREACHABLE',
  'HOST_CANCELLED',
  'RUNTIME_STOPPED',
]);

/** The same error on every replay: made from what the journal holds. */
export function stepFailure(key: string, error: StepError | null): ConnectorError {
  const { code, message } = error ?? { code: 'ACTION_FAILED', message: `step ${key} failed` };
  return new ConnectorError(code, message, { details: { step: key } });
}
