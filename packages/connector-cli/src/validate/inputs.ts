import { existsSync, globSync, readdirSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { CliError } from '../errors.ts';
import { fileProblem } from './file-problem.ts';

/** One thing to check. */
export interface Input {
  readonly kind: 'manifest' | 'artifact' | 'stdin';
  /** As people are told of it: relative to where they stand, with forward slashes. */
  readonly shown: string;
  readonly path: string;
}

/** A place that was asked for and could not be looked into. */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly shown: string;
  readonly error: CliError;
}

const DEFAULT_FOLDER = 'manifests';
const STDIN = '-';
const NOT_ENTERED = 'node_modules';

/**
 * What paths and globs stand for, each once, in their order, and sorted within a folder or glob. A folder stands for every
 * `*.json` in and below it, an artifact in it for itself.
 */
export function listInputs(paths: readonly string[], cwd: string): (Input | Unreadable)[] {
  const inputs = new Map<string, Input | Unreadable>();
  for (const path of paths.length > 0 ? paths : [DEFAULT_FOLDER]) {
    for (const input of listPath(path, cwd)) {
      const key = input.kind === 'unreadable' ? `? ${input.shown}` : input.path;
      if (!inputs.has(key)) inputs.set(key, input);
    }
  }
  return [...inputs.values()];
}

function listPath(path: string, cwd: string): (Input | Unreadable)[] {
  // An unset variable in a script must not mean "everything here".
  if (path === '') throw new CliError('CLI_USAGE', 'A path is empty; is a variable unset? Name a manifest or a folder');
  if (path === STDIN) return [{ kind: 'stdin', shown: STDIN, path: STDIN }];
  const isGlob = /[*?[{]/.test(path) && !existsSync(resolve(cwd, path));
  if (!isGlob) {
    const found = attempt(path, cwd, () => listOne(path, cwd));
    return found.length > 0 ? found : [nothingAt(path, 'holds no manifest (*.json) and no artifact')];
  }
  const matches = globSync(path, { cwd, exclude: (name) => name === NOT_ENTERED }).sort();
  const found = matches.flatMap((match) => attempt(match, cwd, () => listOne(match, cwd)));
  return found.length > 0 ? found : [nothingAt(path, 'matches no manifest')];
}

function listOne(path: string, cwd: string): (Input | Unreadable)[] {
  const full = resolve(cwd, path);
  if (!statSync(full).isDirectory())
    return [{ kind: isArchive(path) ? 'artifact' : 'manifest', ...shownAs(path, cwd) }];
  return listFolder(path, cwd);
}

function listFolder(folder: string, cwd: string): (Input | Unreadable)[] {
  const entries = readdirSync(resolve(cwd, folder), { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  if (names.has('manifest.json') && names.has('connector.mjs')) {
    return [{ kind: 'artifact', ...shownAs(folder, cwd) }];
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name === NOT_ENTERED || entry.name.startsWith('.')) return [];
      return attempt(path, cwd, () => listFolder(path, cwd));
    }
    return entry.name.endsWith('.json') ? attempt(path, cwd, () => listFile(path, cwd)) : [];
  });
}

/** Links to folders are not entered, whatever their names: they can lead round in a circle, and two such never end. */
function listFile(path: string, cwd: string): Input[] {
  return statSync(resolve(cwd, path)).isDirectory() ? [] : [{ kind: 'manifest', ...shownAs(path, cwd) }];
}

function isArchive(path: string): boolean {
  return path.endsWith('.tgz') || path.endsWith('.tar.gz');
}

function shownAs(path: string, cwd: string): { shown: string; path: string } {
  return { shown: toShown(path), path: resolve(cwd, path) };
}

function toShown(path: string): string {
  return path.replaceAll(sep, '/');
}

function attempt(path: string, cwd: string, list: () => (Input | Unreadable)[]): (Input | Unreadable)[] {
  try {
    return list();
  } catch (error) {
    return [{ kind: 'unreadable', shown: toShown(path), error: fileProblem(resolve(cwd, path), toShown(path), error) }];
  }
}

function nothingAt(path: string, why: string): Unreadable {
  const error = new CliError('CLI_NO_MANIFEST', `${path} ${why}; check the path`, { details: { file: path } });
  return { kind: 'unreadable', shown: toShown(path), error };
}
