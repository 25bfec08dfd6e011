import type { Command } from 'commander';
import type { Report, Terminal } from '../terminal.ts';

/** What a file of this folder gets to add its command to the program. */
export interface Registration {
  readonly program: Command;
  readonly terminal: Terminal;
  /** Runs the work of one command, prints its report and keeps the exit code. */
  run(command: Command, work: () => Promise<Report>): Promise<void>;
}

/** A command with what all commands share. */
export function addCommand(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option('--json', 'print one JSON document on stdout');
}
