import { resolve } from 'node:path';
import { connectorPage } from '../docs/connector-page.ts';
import { CliError } from '../errors.ts';
import { readBytes, refuseOverwrite, writeOutput } from '../files.ts';
import { readSource } from '../source/read-source.ts';
import type { Report, Terminal } from '../terminal.ts';

export interface DocsOptions {
  readonly out?: string;
  readonly check?: boolean;
}

/** `connector docs <source>`: the reference of a connector, made from its manifest. */
export async function docs(source: string, { out, check }: DocsOptions, terminal: Terminal): Promise<Report> {
  if (check && out === undefined) throw new CliError('CLI_USAGE', '--check needs --out: the page to compare with');
  if (out !== undefined) refuseOverwrite('--out', out, terminal.cwd, [source]);
  const { manifest } = await readSource(source, terminal);
  const page = connectorPage(manifest);
  const json = { id: manifest.id, version: manifest.version };
  if (out === undefined) return { ok: true, lines: page.trimEnd().split('\n'), json: { ...json, markdown: page } };
  const path = resolve(terminal.cwd, out);
  if (check) await comparePage(path, out, page, source);
  else await writeOutput(path, page);
  const what = check ? 'is what the manifest says' : 'written';
  return { ok: true, lines: [`${out} ${what}`], json: { ...json, out } };
}

async function comparePage(path: string, shown: string, expected: string, source: string): Promise<void> {
  const committed = await readBytes(path, 'The page');
  if (Buffer.from(committed).equals(Buffer.from(expected))) return;
  const fix = `run \`connector docs ${source} --out ${shown}\` and commit it`;
  throw new CliError('DOCS_DIFFER', `${shown} is not what the manifest says; ${fix}`, { details: { file: shown } });
}
