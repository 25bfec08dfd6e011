import * as z from 'zod';

/** A user or an organisation; `_` is in the names of managed users. */
export const owner = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/)
  .describe('The user or organisation that owns the repository.');

/** A repository's name. `.` and `..` would walk up the path of the request. */
export const repo = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/)
  .describe('The name of the repository, without its owner.');

/** A path within a repository: relative, no empty, `.` or `..` part, no backslash, no control character. */
export const filePath = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^(?!\/)(?![\s\S]*\/\/)(?!(?:[\s\S]*\/)?\.{1,2}(?:\/|$))[^\\\p{Cc}]*[^\\/\p{Cc}]$/u);

/** A branch, tag or commit. */
export const gitRef = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[^\s~^:?*[\\\p{Cc}]+$/u);

export const perPage = z.int().min(1).max(100).default(30).describe('How many to read at once, at most 100.');
