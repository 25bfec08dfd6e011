import { ActionError, defineAction } from '@org/connector-sdk';
import * as z from 'zod';
import { config } from '../config.ts';
import { filePath, gitRef, owner, repo } from '../field-guards.ts';
import { readGitHub } from '../github-api.ts';

const input = z
  .strictObject({
    owner,
    repo,
    path: filePath.describe('The path from the root of the repository.'),
    ref: gitRef.optional().describe('A branch, tag or commit; the default branch when absent.'),
    maxBytes: z.int().min(1).max(1_000_000).default(100_000).describe('Refuse a larger file.'),
  })
  .meta({ examples: [{ owner: 'acme', repo: 'payments-api', path: 'docs/runbook.md', ref: 'main' }] });

const vendorFile = z.object({
  type: z.string(),
  size: z.int().nullish(),
  sha: z.string().nullish(),
  encoding: z.string().nullish(),
  content: z.string().nullish(),
  html_url: z.string().nullish(),
});

export const getFileContents = defineAction({
  title: 'Get the contents of a file',
  description: 'Reads one text file of a repository. Folders, submodules, links and binary files are refused.',
  effect: 'read',
  risk: 'low',
  scopes: ['contents.read'],
  config,
  input,
  output: z.object({
    path: z.string().describe('The path that was asked for.'),
    sha: z.string().describe('The blob.'),
    sizeBytes: z.int().describe('The size of the file.'),
    text: z.string().describe('The file, as UTF-8. Text from outside.'),
    url: z.string().nullable().describe('Where a person opens it.'),
  }),
  async run(ctx) {
    const { owner, repo, path, ref, maxBytes } = ctx.input;
    const subject = `${path} of ${owner}/${repo}`;
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    const response = await readGitHub(ctx, `/repos/${owner}/${repo}/contents/${encoded}`, { ref }, subject);
    const found = response.json(z.union([z.array(z.unknown()), vendorFile]));
    if (Array.isArray(found)) throw refuse('GITHUB_PATH_IS_DIRECTORY', subject, 'a folder: name a file in it');
    if (found.type === 'dir') throw refuse('GITHUB_PATH_IS_DIRECTORY', subject, 'a folder: name a file in it');
    if (found.type === 'submodule')
      throw refuse('GITHUB_PATH_IS_SUBMODULE', subject, 'a submodule: read its own repository');
    if (found.type === 'symlink') throw refuse('GITHUB_PATH_IS_SYMLINK', subject, 'a link: name its target');
    if (found.type !== 'file') throw refuse('GITHUB_PATH_UNSUPPORTED', subject, 'no file');
    // GitHub leaves the content of files above 1 MB out of this answer.
    if ((found.size ?? 0) > maxBytes || found.encoding === 'none') {
      throw refuse('GITHUB_FILE_TOO_LARGE', subject, `larger than maxBytes (${maxBytes})`);
    }
    if (found.encoding !== 'base64' || typeof found.content !== 'string') {
      throw refuse('GITHUB_PATH_UNSUPPORTED', subject, 'not given as a file');
    }
    const bytes = Buffer.from(found.content, 'base64');
    if (bytes.length > maxBytes) throw refuse('GITHUB_FILE_TOO_LARGE', subject, `larger than maxBytes (${maxBytes})`);
    const text = decodeText(bytes);
    if (text === undefined) throw refuse('GITHUB_FILE_NOT_TEXT', subject, 'no UTF-8 text');
    return { path, sha: found.sha ?? '', sizeBytes: bytes.length, text, url: found.html_url ?? null };
  },
});

type Refusal =
  | 'GITHUB_PATH_IS_DIRECTORY'
  | 'GITHUB_PATH_IS_SUBMODULE'
  | 'GITHUB_PATH_IS_SYMLINK'
  | 'GITHUB_PATH_UNSUPPORTED'
  | 'GITHUB_FILE_TOO_LARGE'
  | 'GITHUB_FILE_NOT_TEXT';

function refuse(code: Refusal, subject: string, what: string): ActionError {
  return new ActionError(code, `${subject} is ${what}`, { details: { subject } });
}

/** Undefined for binary files: a NUL byte or bytes that are not UTF-8. */
function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
