import { describeError } from './describe-error.ts';
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
    if (report.text !== undefined) {
      if (report.text !== '') terminal.out(report.text);
    } else if (json) {
      terminal.out(JSON.stringify({ command, ok: report.ok, ...report.json }));
    } else for (const line of report.lines) terminal.out(line);
    return report.exitCode ?? (report.ok ? EXIT_PASS : EXIT_FINDINGS);
  } catch (error) {
    const { code, message, details } = describeError(error);
    if (json) terminal.out(JSON.stringify({ command, ok: false, error: { code, message, details } }));
    else terminal.err(`${code}: ${message}`);
    return exitCodeOf(error);
  }
}
