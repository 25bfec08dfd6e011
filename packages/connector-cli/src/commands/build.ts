import { join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CODE_FILE, MANIFEST_FILE } from '@org/connector-artifact';
import { type BuiltConnector, buildConnector } from '../build/build-connector.ts';
import { writeSbom } from '../build/sbom.ts';
import { CliError } from '../errors.ts';
import { readBytes, replaceArtifactFolder, replaceFile } from '../files.ts';
import type { Report, Terminal } from '../terminal.ts';

export interface BuildOptions {
  readonly out?: string;
  readonly manifestOut?: string;
  readonly check?: boolean;
  readonly sbom?: string;
}

/** Above this, reviewers stop reading and every host process takes longer to start. */
const LARGE_BUNDLE_BYTES = 512 * 1024;

/** `connector build [dir]`: the artifact folder of a connector package, not yet signed. */
export async function build(dir: string, options: BuildOptions, terminal: Terminal): Promise<Report> {
  const { manifestOut, check, sbom } = options;
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
  if (sbom !== undefined) await replaceFile(resolve(terminal.cwd, sbom), writeSbom(built));
  const warnings = listWarnings(built);
  for (const warning of warnings) terminal.err(`warning: ${warning}`);
  return toReport(built, shorten(out, terminal.cwd), warnings, sbom);
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

function listWarnings({ files }: BuiltConnector): string[] {
  const size = files.get(CODE_FILE)?.byteLength ?? 0;
  if (size <= LARGE_BUNDLE_BYTES) return [];
  const advice = 'leave out what is not used (`import * as z from "zod"` keeps less than `import { z }`)';
  return [`${CODE_FILE} is ${kib(size)}, over ${kib(LARGE_BUNDLE_BYTES)}; ${advice}`];
}

function toReport(built: BuiltConnector, out: string, warnings: readonly string[], sbom: string | undefined): Report {
  const { files, manifest, digest, bundle } = built;
  const fileList = [...files].map(([name, bytes]) => ({
    name,
    bytes: bytes.byteLength,
    gzipBytes: gzipSync(bytes).byteLength,
  }));
  const packages = sumByPackage(bundle.modules);
  return {
    ok: true,
    lines: [
      `${manifest.id} ${manifest.version} by ${manifest.publisher}`,
      `  ${digest}`,
      `  ${out}`,
      ...fileList.map(
        (file) => `    ${file.name.padEnd(16)} ${kib(file.bytes).padStart(10)}  ${kib(file.gzipBytes)} gzip`,
      ),
      '  bundled',
      ...packages.map(({ name, version, bytes }) => `    ${`${name}@${version}`.padEnd(40)} ${kib(bytes)}`),
      ...(bundle.builtins.length > 0 ? [`  uses     ${bundle.builtins.join(', ')}`] : []),
      ...(bundle.stubbed.length > 0 ? [`  stubbed  ${bundle.stubbed.join(', ')} (throws when called)`] : []),
      ...(sbom === undefined ? [] : [`  sbom     ${sbom}`]),
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
      warnings,
      ...(sbom === undefined ? {} : { sbom }),
    },
  };
}

function sumByPackage(modules: BuiltConnector['bundle']['modules']) {
  const sums = new Map<string, { name: string; version: string; license: string; bytes: number }>();
  for (const { package: name, version, license, bytes } of modules) {
    if (name === '') continue;
    const key = `${name}@${version}`;
    const sum = sums.get(key) ?? { name, version, license, bytes: 0 };
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
