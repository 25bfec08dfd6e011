import type { ActionInput, ActionName, ActionOutput, TriggerEvent } from '@org/connector-sdk';
import './index.ts';

const name: ActionName = 'github.list-issues';
const input: ActionInput<'github.get-file-contents'> = { owner: 'acme', repo: 'payments-api', path: 'README.md' };
// @ts-expect-error a file has a path
const nothing: ActionInput<'github.get-file-contents'> = { owner: 'acme', repo: 'payments-api' };
// @ts-expect-error not an action of this connector
const unknownAction: ActionName = 'github.merge-pull-request';

export function readsTyped(output: ActionOutput<'github.list-pull-requests'>): string | undefined {
  return output.pullRequests[0]?.head.sha;
}

export function readsEvents(
  issue: TriggerEvent<'github.issue-changed'>,
  pull: TriggerEvent<'github.pull-request-changed'>,
  push: TriggerEvent<'github.ref-pushed'>,
) {
  const gone: 'deleted' | 'transferred' | null = issue.gone;
  // @ts-expect-error a deleted ref points to no commit
  const after: string = push.after;
  return [gone, pull.head.sha, after];
}

export const seen: unknown[] = [name, input, nothing, unknownAction];
