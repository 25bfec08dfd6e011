import type { Operations } from './operation.ts';
import type { RunStore, StoredRun } from './postgres-run-store.ts';

/**
 * Whether a run takes the new path at a changed place of its workflow. The journal decides once: what came past this place
 * under older code (the journal holds steps that come after it) stays on the old path, everything else takes the new one.
 */
export function createPatch(
  run: StoredRun,
  { operate, hasMoreAhead }: Operations,
  store: Pick<RunStore, 'write'>,
): (id: string) => Promise<boolean> {
  const answers = new Map<string, Promise<boolean>>();
  const ask = (id: string) =>
    operate<boolean>({ key: `patch:${id}`, prefix: 'patch', content: { kind: 'patch' } }, async ({ key, digest }) => {
      const value = !(await hasMoreAhead());
      await store.write(run, { key, kind: 'patch', digest, status: 'succeeded', output: value });
      return { value };
    });
  return (id) => {
    const answer = answers.get(id) ?? ask(id);
    answers.set(id, answer);
    return answer;
  };
}
