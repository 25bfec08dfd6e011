// `npm run faults -- <name> [--size short|long] [--seed N] [--json]`: tries to break one promise; without a name it lists them.
import { parseArgs } from 'node:util';
import type { FaultSize } from './fault.ts';
import { faultNames, loadFault } from './fault-list.ts';
import { runFault } from './run-fault.ts';

const exitCode = await main(process.argv.slice(2));
// An attack may leave a socket open: once all is said, it must not keep the process.
process.stdout.write('', () => process.exit(exitCode));

async function main(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === 'string') return usage(parsed);
  const { name, size, seed, json } = parsed;
  if (name === undefined) return list();
  if (!faultNames().includes(name)) return usage(`there is no fault "${name}"; there are ${faultNames().join(', ')}`);
  process.stderr.write(`${name}: seed ${seed}\n`);
  const report = await runFault(name, { size, seed, progress: (line) => void process.stderr.write(`${line}\n`) });
  for (const violation of report.shown) process.stderr.write(`broken: ${violation}\n`);
  const { shown: _, ...line } = report;
  if (json) process.stdout.write(`${JSON.stringify(line)}\n`);
  else
    process.stdout.write(
      `${Object.entries(line)
        .map(([key, value]) => `${key.padEnd(14)} ${value}`)
        .join('\n')}\n`,
    );
  return line.ok ? 0 : 1;
}

interface Wanted {
  readonly name: string | undefined;
  readonly size: FaultSize;
  readonly seed: number;
  readonly json: boolean;
}

function parse(args: readonly string[]): Wanted | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        size: { type: 'string', default: 'short' },
        seed: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const { size, json } = values;
    if (positionals.length > 1) return 'give one name';
    if (size !== 'short' && size !== 'long') return `--size is short or long, not ${size}`;
    const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
    if (!Number.isInteger(seed) || seed < 0) return '--seed is a whole number from 0';
    return { name: positionals[0], size, seed, json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function list(): Promise<number> {
  for (const name of faultNames()) process.stdout.write(`${name.padEnd(16)} ${(await loadFault(name)).promise}\n`);
  return 0;
}

function usage(why: string): number {
  process.stderr.write(`${why}\nusage: npm run faults -- <name> [--size short|long] [--seed N] [--json]\n`);
  return 2;
}
