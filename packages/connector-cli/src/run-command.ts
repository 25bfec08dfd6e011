import { isConnectorError } from '@org/connector-sdk';
import { EXIT_FINDINGS, EXIT_PASS, exitCodeOf } from './exit-code.ts';
import type { Report, Terminal } from './terminal.ts';

/**
 * Runs one command and prints what it found: with `json`, one document on stdout whatever happens; otherwise lines, and
 * an error as one line on stderr. Never a stack trace.
 * @returns the exit code.
 */
export async function runCommand(
  command: string,
  json: boolean,
  terminal: Terminal,
  work: () => Promise<Report>,
): Promise<number> {
  try {
    const report = await work();
    if (json) terminal.out(JSON.stringify({ command, ok: report.ok, ...report.json }));
    else for (const line of report.lines) terminal.out(line);
    return report.ok ? EXIT_PASS : EXIT_FINDINGS;
  } catch (error) {
    const { code, message, details } = describe(error);
    if (json) terminal.out(JSON.stringify({ command, ok: false, error: { code, message, details } }));
    else terminal.err(`${code}: ${message}`);
    return exitCodeOf(error);
  }
}

function describe(error: unknown): { code: string; message: string; details: Readonly<Record<string, unknown>> } {
  if (isConnectorError(error)) return error.toJSON();
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return {
    code: 'CLI_UNEXPECTED',
    message: `${message}; this is a defect of the command, please report it`,
    details: {},
  };
}
