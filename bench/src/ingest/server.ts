// One of the subjects, in a process of its own. Counts what goes to the database, and its own CPU time.
import pg from 'pg';
import { answerParent } from './child.ts';
import type { ServerStart, ServerUsage } from './messages.ts';
import { subjects } from './subjects.ts';

let statements = 0;
countStatements();

answerParent(async (message: ServerStart | 'usage'): Promise<{ port: number } | ServerUsage> => {
  if (message === 'usage') {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, statements };
  }
  return { port: await subjects[message.subject](message) };
});

/** Every statement of every pool goes through here. */
function countStatements(): void {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function count(this: pg.Client, ...args: unknown[]) {
    statements += 1;
    return Reflect.apply(query, this, args);
  } as typeof query;
}
