import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseRuntimeOptions, type RuntimeOptions } from './config.ts';
import { RuntimeError } from './types/errors.ts';

/**
 * Runs a config file (an ES module, TypeScript or JavaScript) and checks what it exports.
 *
 * @throws RuntimeError `CONFIG_MISSING`, `CONFIG_INVALID`
 */
export async function loadConfigFile(path: string): Promise<RuntimeOptions> {
  const file = resolve(path);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    throw new RuntimeError('CONFIG_MISSING', `${path}: there is no such file; name your config with --config`);
  }
  return parseRuntimeOptions(await exportOf(file, path), path);
}

async function exportOf(file: string, path: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
    return module.default;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const problem = `${path}: the config can't be loaded: ${reason.split('\n')[0]}`;
    throw new RuntimeError('CONFIG_INVALID', problem, { cause, details: { problems: [problem] } });
  }
}
