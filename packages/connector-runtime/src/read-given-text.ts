import { readFile } from 'node:fs/promises';
import { RuntimeError } from './types/errors.ts';

/** A file's text, or standard input's for `-`. Throws `CONFIG_MISSING`, without what was given: it may be a pasted secret. */
export async function readGivenText(file: string, flag: string): Promise<string> {
  try {
    return await (file === '-' ? readStandardInput() : readFile(file, 'utf8'));
  } catch {
    throw new RuntimeError('CONFIG_MISSING', `the file of ${flag} can't be read; give a path, or - for standard input`);
  }
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
