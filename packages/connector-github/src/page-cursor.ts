import { ActionError, type HttpResponse } from '@org/connector-sdk';
import * as z from 'zod';

/** Opaque to callers. It holds parameters only: a whole URL would let a caller choose where the request goes. */
export const pageCursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,700}$/)
  .optional()
  .describe('nextCursor of the page before; absent for the first.');

const position = z.strictObject({
  page: z
    .string()
    .regex(/^\d{1,9}$/)
    .optional(),
  after: z
    .string()
    .regex(/^[A-Za-z0-9+/=_:-]{1,400}$/)
    .optional(),
});
type Position = z.infer<typeof position>;

/** The cursor of the next page, from the answer's `Link` header; null on the last one. */
export function nextCursor(response: HttpResponse): string | null {
  const url = /<([^<>]*)>\s*;\s*rel="next"/.exec(response.headers.link ?? '')?.[1];
  if (url === undefined || !URL.canParse(url)) return null;
  const { searchParams } = new URL(url);
  const page = searchParams.get('page');
  const after = searchParams.get('after');
  const next = position.safeParse({ ...(page === null ? {} : { page }), ...(after === null ? {} : { after }) });
  if (!next.success || (page === null && after === null)) return null;
  return Buffer.from(JSON.stringify(next.data)).toString('base64url');
}

/** Throws `GITHUB_CURSOR_INVALID`. */
export function readCursor(cursor: string | undefined): Position {
  if (cursor === undefined) return {};
  try {
    return position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new ActionError(
      'GITHUB_CURSOR_INVALID',
      'the cursor is not one that this action gave: start at the first page',
      {
        cause,
      },
    );
  }
}
