import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultNames } from './fault-list.ts';

const SEED = 20_261_122;

/** The short form of each, with a seed that stays; `npm run faults -- <name> --size long` tries harder. */
describe('promises', () => {
  it.for(faultNames())('%s is kept, and a broken build is caught', { timeout: 600_000 }, async (name, { skip }) => {
    const { report, broken } = await runShort(name);
    if (report.skipped !== undefined) skip(report.skipped);
    expect({ broken, report }).toMatchObject({
      broken: [],
      report: { name, size: 'short', seed: SEED, violations: 0, controlCaught: true, ok: true },
    });
  });
});

interface Shown {
  readonly report: { readonly skipped?: string };
  /** What it named on standard error. */
  readonly broken: readonly string[];
}

/** As a person runs it, in a process of its own, on what was built. */
function runShort(name: string): Promise<Shown> {
  const args = [join(import.meta.dirname, 'main.ts'), name, '--seed', String(SEED), '--json'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').at(-1) ?? '';
      if (!line.startsWith('{')) return reject(new Error(`${name} gave no report: ${stderr}`, { cause: error }));
      resolve({ report: JSON.parse(line), broken: stderr.split('\n').filter((text) => text.startsWith('broken: ')) });
    });
  });
}
