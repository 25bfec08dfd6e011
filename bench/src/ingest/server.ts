// One of the subjects, in a process of its own. Counts what goes to the database, and its own CPU time.
import { answerParent } from '../child.ts';
import { countStatements } from '../count-statements.ts';
import type { ServerStart, ServerUsage } from './messages.ts';
import { subjects } from './subjects.ts';

const statements = countStatements();

answerParent(async (message: ServerStart | 'usage'): Promise<{ port: number } | ServerUsage> => {
  if (message === 'usage') {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000, statements: statements() };
  }
  return { port: await subjects[message.subject](message) };
});
