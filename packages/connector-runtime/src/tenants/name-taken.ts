import { RuntimeError } from '../types/errors.ts';

/** Does `work`; a unique name that is in use already becomes `NAME_TAKEN`. */
export async function requireFreeName<T>(what: string, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // 23505: unique_violation, https://www.postgresql.org/docs/current/errcodes-appendix.html
    if ((cause as { code?: unknown } | null)?.code !== '23505') throw cause;
    throw new RuntimeError(
      'NAME_TAKEN',
      `there is a ${what} named ${JSON.stringify(name)} already; choose another name`,
      {
        cause,
      },
    );
  }
}
