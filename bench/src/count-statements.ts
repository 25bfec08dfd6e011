import pg from 'pg';

/** From now on every statement that this process sends to a database, over any pool, is counted; answers how many so far. */
export function countStatements(): () => number {
  let statements = 0;
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function count(this: pg.Client, ...args: unknown[]) {
    statements += 1;
    return Reflect.apply(query, this, args);
  } as typeof query;
  return () => statements;
}
