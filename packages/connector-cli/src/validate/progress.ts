import type { Terminal } from '../terminal.ts';

const EVERY_FILES = 1000;
const EVERY_MS = 1000;

/** Says on stderr how far a long check is: every thousand files, and on a terminal also every second. */
export function createProgress(terminal: Terminal, total: number, quiet: boolean): (done: number) => void {
  let last = terminal.now().getTime();
  return (done) => {
    if (quiet || done === total) return;
    const now = terminal.errIsTerminal ? terminal.now().getTime() : last;
    if (done % EVERY_FILES !== 0 && now - last < EVERY_MS) return;
    last = now;
    terminal.err(`${done} of ${total} manifests checked`);
  };
}
