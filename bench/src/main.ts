// `npm run bench -- <name> [--quick] [--json]`: runs one benchmark and prints its figures; without a name it lists them.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench, Row } from './bench.ts';

const SUFFIX = '.bench.ts';
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === 'string') return usage(parsed);
  const { name, quick, json } = parsed;
  if (name === undefined) return list();
  if (!names.includes(name)) return usage(`there is no benchmark "${name}"; there are ${names.join(', ')}`);
  const bench = await load(name);
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  const { rows, ratios } = await bench.run({ quick, progress });
  const machine = { cpus: availableParallelism(), node: process.version };
  if (json) process.stdout.write(`${JSON.stringify({ name, machine, rows, ratios })}\n`);
  else process.stdout.write(`${table(rows)}\n${ratioLines(ratios)}`);
  return 0;
}

function parse(args: readonly string[]): { name: string | undefined; quick: boolean; json: boolean } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    });
    if (positionals.length > 1) return 'give one name';
    return { name: positionals[0], ...values };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function load(name: string): Promise<Bench> {
  const module = (await import(`./${name}${SUFFIX}`)) as { readonly default: Bench };
  return module.default;
}

async function list(): Promise<number> {
  for (const name of names) process.stdout.write(`${name.padEnd(16)} ${(await load(name)).summary}\n`);
  return 0;
}

function usage(why: string): number {
  process.stderr.write(`${why}\nusage: npm run bench -- <name> [--quick] [--json]\n`);
  return 2;
}

function table(rows: readonly Row[]): string {
  const round = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  return rows
    .map(
      ({ what, unit, n, min, median, max }) =>
        `${what.padEnd(56)} ${round(median).padStart(9)} ${unit}  (${round(min)} to ${round(max)}, n = ${n})`,
    )
    .join('\n');
}

function ratioLines(ratios: Readonly<Record<string, number>>): string {
  return Object.entries(ratios)
    .map(([pair, value]) => `${pair.padEnd(56)} ${String(value).padStart(9)} ×\n`)
    .join('');
}
