import { writeFile } from 'node:fs/promises';
import { RuntimeError } from './types/errors.ts';

/** Flags that write this process's memory to disk, or show it to whoever connects. */
const UNSAFE = /^--(?:inspect(?!-publish)|heapsnapshot|heap-prof|report-on)/;

/**
 * Keeps this process's memory off disks: it and what it starts leave no core dump with data in it, no diagnostic report with
 * the environment, and no debugger is opened by a signal.
 *
 * @throws RuntimeError `ENVIRONMENT_UNSUPPORTED` when Node was told to write or show its memory
 */
export async function keepMemoryPrivate(): Promise<void> {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  const unsafe = flags.find((flag) => UNSAFE.test(flag));
  if (unsafe !== undefined) {
    throw new RuntimeError(
      'ENVIRONMENT_UNSUPPORTED',
      `${unsafe.split('=')[0]} would write this process's secrets to disk or show them: start without it`,
    );
  }
  if (process.report) {
    process.report.reportOnFatalError = false;
    process.report.reportOnSignal = false;
    process.report.reportOnUncaughtException = false;
    process.report.excludeEnv = true;
  }
  // With a listener of ours, Node does not open its inspector, which any process of this machine could connect to.
  process.on('SIGUSR1', () => {});
  await emptyCoreDumps();
}

/** Linux: a core dump may still be made, and holds none of the memory. Inherited by every process started from here on. */
async function emptyCoreDumps(): Promise<void> {
  if (process.platform !== 'linux') return;
  await writeFile('/proc/self/coredump_filter', '0').catch(() => {});
}
