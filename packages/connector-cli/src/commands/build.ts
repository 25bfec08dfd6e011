import { join, relative, resolve } from 'node:path';
import { MANIFEST_FILE } from '@org/connector-artifact';
import { type BuiltConnector, buildConnector } from '../build/build-connector.ts';
import { CliError } from '../errors.ts';
import { readBytes, replaceArtifactFolder, replaceFile } from '../files.ts';
import type { Report, Terminal } from '../terminal.ts';

export interface BuildOptions {
  readonly out?: string;
  readonly manifestOut?: string;
  readonly check?: boolean;
}

/** `connector build [dir]`: the artifact folder of a connector package, not yet signed. */
export async function build(dir: string, options: BuildOptions, terminal: Terminal): Promise<Report> {
  const { manifestOut, check } = options;
  if (check && manifestOut === undefined) {
    throw new CliError('CLI_USAGE', '--check needs --manifest-out: the committed manifest to compare with');
  }
  const folder = resolve(terminal.cwd, dir);
  const out = resolve(terminal.cwd, options.out ?? join(dir, 'artifact'));
  terminal.err(`Building ${dir} …`);
  const built = await buildConnector({ folder, conditions: nodeConditions() });
  const manifestBytes = built.files.get(MANIFEST_FILE) ?? new Uint8Array();
  if (manifestOut !== undefined) {
    const path = resolve(terminal.cwd, manifestOut);
    if (check) await compareManifest(path, manifestOut, manifestBytes);
    else await replaceFile(path, manifestBytes);
  }
  await replaceArtifactFolder(out, built.files);
  return toReport(built, shorten(out, terminal.cwd));
}

/** Relative when that is shorter to read. */
function shorten(path: string, cwd: string): string {
  const short = relative(cwd, path) || '.';
  return short.startsWith('..') ? path : short;
}

async function compareManifest(path: string, shown: string, expected: Uint8Array): Promise<void> {
  const committed = await readBytes(path, 'The committed manifest');
  if (Buffer.from(committed).equals(expected)) return;
  throw new CliError(
    'BUILD_MANIFEST_DIFFERS',
    `${shown} is not what the code says; run \`connector build --manifest-out ${shown}\` and commit it`,
    { details: { file: shown } },
  );
}

function toReport({ files, manifest, digest, bundle }: BuiltConnector, out: string): Report {
  const bytesOf = (name: string) => files.get(name)?.byteLength ?? 0;
  const fileList = [...files.keys()].map((name) => ({ name, bytes: bytesOf(name) }));
  const packages = sumByPackage(bundle.modules);
  return {
    ok: true,
    lines: [
      `${manifest.id} ${manifest.version} by ${manifest.publisher}`,
      `  ${digest}`,
      `  ${out}`,
      ...fileList.map(({ name, bytes }) => `    ${name.padEnd(16)} ${kib(bytes)}`),
      '  bundled',
      ...packages.map(({ name, version, bytes }) => `    ${`${name}@${version}`.padEnd(40)} ${kib(bytes)}`),
      ...(bundle.builtins.length > 0 ? [`  uses     ${bundle.builtins.join(', ')}`] : []),
      ...(bundle.stubbed.length > 0 ? [`  stubbed  ${bundle.stubbed.join(', ')} (throws when called)`] : []),
    ],
    json: {
      id: manifest.id,
      version: manifest.version,
      publisher: manifest.publisher,
      digest,
      out,
      files: fileList,
      packages,
      builtins: bundle.builtins,
      stubbed: bundle.stubbed,
    },
  };
}

function sumByPackage(modules: BuiltConnector['bundle']['modules']) {
  const sums = new Map<string, { name: string; version: string; bytes: number }>();
  for (const { package: name, version, bytes } of modules) {
    if (name === '') continue;
    const key = `${name}@${version}`;
    const sum = sums.get(key) ?? { name, version, bytes: 0 };
    sum.bytes += bytes;
    sums.set(key, sum);
  }
  return [...sums.values()].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

/** Conditions that Node itself was started with: the bundle then sees the packages that the command sees. */
function nodeConditions(): string[] {
  return process.execArgv.flatMap((argument) => /^(?:--conditions|-C)=(.+)$/.exec(argument)?.[1] ?? []);
}
