import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifestJsonSchema } from '@org/connector-sdk';
import { defineBench, ratio, rowOf, sampleInterleaved } from './bench.ts';

const manifests = join(import.meta.dirname, '..', '..', 'manifests');
const connector = join(folderOf(import.meta.resolve('@org/connector-cli/package.json')), 'bin', 'connector.mjs');
const ajv = join(folderOf(import.meta.resolve('ajv-cli/package.json')), 'dist', 'index.js');

const MANY = 5000;

export default defineBench({
  summary: 'connector validate: cold start beside ajv-cli on the same file, and 5,000 manifests in one call',
  async run({ quick, progress }) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-validate-'));
    try {
      const schema = join(folder, 'manifest.schema.json');
      writeFileSync(schema, JSON.stringify(manifestJsonSchema()));
      const cold = [];
      for (const name of ['slack', 'servicenow']) {
        progress(`cold start on ${name}.json`);
        cold.push(await coldStart(name, schema, quick ? 5 : 15));
      }
      progress(`writing ${MANY} manifests`);
      const many = join(folder, 'many');
      const bytes = writeMany(many);
      progress(`checking ${MANY} manifests, ${Math.round(bytes / 1e6)} MB, in one call, five times`);
      return {
        rows: [...cold.flatMap(({ rows }) => rows), ...(await oneCall(many))],
        ratios: Object.fromEntries(cold.flatMap(({ ratios }) => ratios)),
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
});

/** Whole processes, in turns. Both read the file, and both pass it. */
async function coldStart(name: string, schema: string, samples: number) {
  const file = join(manifests, `${name}.json`);
  const ours = [connector, 'validate', file];
  const theirs = [ajv, 'validate', '--spec=draft2020', '--strict=false', '-s', schema, '-d', file];
  const uncached = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
  const times = await sampleInterleaved(
    { ours: () => run(ours), first: () => run(ours, uncached), theirs: () => run(theirs) },
    { samples, warmUp: 2 },
  );
  const row = rowOf(`connector validate ${name}.json`, 'ms', times.ours);
  const first = rowOf(`connector validate ${name}.json, nothing cached`, 'ms', times.first);
  const peer = rowOf(`ajv validate ${name}.json (ajv-cli 5.0.0)`, 'ms', times.theirs);
  return {
    rows: [row, first, peer],
    ratios: [
      [`connector/ajv-cli (${name}.json)`, ratio(row, peer)],
      [`connector, nothing cached/ajv-cli (${name}.json)`, ratio(first, peer)],
    ] as const,
  };
}

async function oneCall(folder: string) {
  const { all } = await sampleInterleaved(
    { all: () => run([connector, 'validate', folder]) },
    { samples: 5, warmUp: 0 },
  );
  const seconds = all.map((ms) => ms / 1000);
  return [
    rowOf(`connector validate, ${MANY} manifests in one call`, 's', seconds),
    rowOf(
      `connector validate, ${MANY} manifests in one call`,
      'manifests/s',
      seconds.map((each) => MANY / each),
    ),
  ];
}

/** Copies of the real manifests, each with an id and a version of its own. */
function writeMany(folder: string): number {
  const texts = ['github', 'servicenow', 'slack'].map((name) => readFileSync(join(manifests, `${name}.json`), 'utf8'));
  mkdirSync(folder);
  let bytes = 0;
  for (let index = 0; index < MANY; index += 1) {
    const text = (texts[index % texts.length] ?? '')
      .replace(/^ {2}"id": "([^"]+)"/m, `  "id": "$1-${index}"`)
      .replace(/^ {2}"version": "[^"]+"/m, `  "version": "1.${index}.0"`);
    writeFileSync(join(folder, `connector-${index}.json`), text);
    bytes += text.length;
  }
  return bytes;
}

function run(args: readonly string[], env = process.env): void {
  const { status, stderr, error } = spawnSync(process.execPath, args, { env, maxBuffer: 1e9 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr.toString().slice(0, 500)}`);
}

function folderOf(url: string): string {
  return dirname(fileURLToPath(url));
}
