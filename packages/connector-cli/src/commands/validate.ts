import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Finding, toPointer, validateManifest } from '@org/connector-sdk/validation';
import { CliError } from '../errors.ts';
import { readBytes } from '../files.ts';
import type { Report, Terminal } from '../terminal.ts';

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

interface FileFindings {
  readonly file: string;
  readonly findings: readonly Finding[];
}

/** `connector validate [paths…]`: manifests, folders of manifests (`*.json`), artifact folders. */
export async function validate(paths: readonly string[], terminal: Terminal): Promise<Report> {
  const files: string[] = [];
  for (const path of paths.length > 0 ? paths : ['manifests']) files.push(...(await listManifests(path, terminal.cwd)));
  const results: FileFindings[] = [];
  for (const file of files) {
    const bytes = await readBytes(resolve(terminal.cwd, file), 'The manifest', MAX_MANIFEST_BYTES);
    results.push({ file, findings: validateManifest(bytes) });
  }
  return toReport(results);
}

async function listManifests(path: string, cwd: string): Promise<string[]> {
  const full = resolve(cwd, path);
  const stats = await stat(full).catch((cause: unknown) => {
    throw new CliError('CLI_FILE_MISSING', `There is no manifest at ${path}; check the path`, { cause });
  });
  if (!stats.isDirectory()) return [path];
  const names = await readdir(full);
  const manifests = names.includes('manifest.json')
    ? ['manifest.json']
    : names.filter((name) => name.endsWith('.json'));
  if (manifests.length > 0) return manifests.sort().map((name) => join(path, name));
  throw new CliError('CLI_FILE_MISSING', `${path} holds no manifest (*.json); check the path`);
}

function toReport(results: readonly FileFindings[]): Report {
  const findings = results.flatMap((result) => result.findings);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const lines = results.flatMap(({ file, findings: found }) =>
    found.length === 0 ? [] : ['', file, ...found.map(pretty)],
  );
  const summary = `${count(results.length, 'manifest')}: ${count(errors, 'error')}, ${count(warnings, 'warning')}`;
  return {
    ok: errors === 0,
    lines: [...lines.slice(1), ...(lines.length > 0 ? [''] : []), summary],
    json: {
      files: results.map(({ file, findings: found }) => ({
        file,
        findings: found.map(({ path, ...finding }) => ({ ...finding, pointer: toPointer(path) })),
      })),
      summary: { files: results.length, errors, warnings },
    },
  };
}

function pretty({ severity, path, message, ruleId, fix }: Finding): string {
  return `  ${severity.padEnd(7)}  ${toPointer(path) || '(top)'}: ${message}  [${ruleId}]\n           ${fix}`;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}
