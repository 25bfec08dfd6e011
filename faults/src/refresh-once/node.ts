// One node: a process of its own, with its own pool, cache and timers.
import { openStore, Secret, silentLog } from '@org/connector-runtime/stages';
import type { KyselyPlugin } from 'kysely';
import type { NodeMessage, NodeRound, NodeStart } from './messages.ts';
import { createCredentialStack } from './stack.ts';

const tell = (message: NodeMessage) => void process.send?.(message);

process.once('message', (start: NodeStart) => void work(start));
process.once('disconnect', () => process.exit(0));

async function work({ databaseUrl, masterKey, withoutLock }: NodeStart): Promise<void> {
  const store = await openStore({ databaseUrl }, silentLog);
  const db = withoutLock ? store.db.withPlugin(withoutRowLocks) : store.db;
  const { credentials } = createCredentialStack({ db }, new Secret(masterKey), () => tell({ kind: 'asking' }));
  process.on('message', ({ connectionId, tenantId, callers }: NodeRound) => {
    const calls = Array.from({ length: callers }, () => credentials.authorize({ id: connectionId, tenantId }));
    void Promise.allSettled(calls).then((answers) => {
      const tokens = answers.flatMap((one) =>
        one.status === 'fulfilled' ? [one.value.headers.authorization ?? ''] : [],
      );
      const failures = answers.flatMap((one) => (one.status === 'rejected' ? [codeOf(one.reason)] : []));
      tell({ kind: 'done', tokens: [...new Set(tokens)], failures: [...new Set(failures)] });
    });
  });
  tell({ kind: 'ready' });
}

function codeOf(reason: unknown): string {
  const { code } = reason as { code?: unknown };
  return typeof code === 'string' ? code : String(reason);
}

/** The same queries without `for update`: nobody waits for anybody. */
const withoutRowLocks: KyselyPlugin = {
  transformQuery: ({ node }) => (node.kind === 'SelectQueryNode' ? { ...node, endModifiers: [] } : node),
  transformResult: async ({ result }) => result,
};
