import type { ManifestAction } from '../manifest.ts';
import { type Change, type Path, toChange } from './change.ts';
import { type Compare, compareNumber, compareObject, compareText, compareValue } from './compare.ts';
import { compareDeprecation, compareNeededScopes } from './compare-entry.ts';
import { compareSchema } from './compare-schema.ts';
import { plain, quote, subjectOf } from './subject.ts';

type Idempotency = ManifestAction['idempotency'];
type Reversible = ManifestAction['reversible'];

const RISKS: readonly ManifestAction['risk'][] = ['low', 'medium', 'high', 'critical'];

/** From the weakest: never sent twice; recognised by looking; the same state again; told apart by the provider; a read. */
const MODES: readonly Idempotency['mode'][] = ['none', 'marker', 'natural', 'key', 'safe'];

/** One action, under the same key in both manifests. */
export const compareAction: Compare<ManifestAction> = compareObject<ManifestAction>({
  title: compareText,
  description: compareText,
  effect: (before, after, path) =>
    compareValue(after === 'write' ? 'effect-raised' : 'effect-lowered', 'its effect')(before, after, path),
  risk: (before, after, path) => {
    const raised = RISKS.indexOf(after) > RISKS.indexOf(before);
    return compareValue(raised ? 'risk-raised' : 'risk-lowered', 'its risk')(before, after, path);
  },
  scopes: compareNeededScopes,
  idempotency: compareObject<Idempotency>({
    mode: (before, after, path) => idempotencyChange(MODES.indexOf(after) > MODES.indexOf(before), before, after, path),
    settleSeconds: compareNumber('settle-lengthened', 'settle-shortened', 'seconds until absence proves something'),
    resolve: (before, after, path) => idempotencyChange(after, before, after, path),
  }),
  reversible: compareReversal,
  timeoutMs: compareNumber('timeout-lengthened', 'timeout-shortened', 'milliseconds for a call'),
  input: compareSchema('input', 'input'),
  output: compareSchema('output', 'output'),
  deprecated: compareDeprecation,
});

/** An action that only the new manifest has. */
export function addedAction(action: ManifestAction, path: Path): Change[] {
  const kind = action.effect === 'write' ? 'write-action-added' : 'read-action-added';
  return [
    toChange(kind, path, undefined, action, `${subjectOf(path)} is new: a ${action.effect} of ${action.risk} risk`),
  ];
}

function idempotencyChange(stronger: boolean, before: unknown, after: unknown, path: Path): Change[] {
  const kind = stronger ? 'idempotency-strengthened' : 'idempotency-weakened';
  return compareValue(kind, `idempotency ${path.at(-1)}`)(before, after, path);
}

function compareReversal(before: Reversible, after: Reversible, path: Path): Change[] {
  const who = subjectOf(path);
  if (!after) return [toChange('undo-lost', path, before, after, `${who} can no longer be reversed`)];
  if (!before) return [toChange('undo-gained', path, before, after, `${who} can be reversed by ${plain(after.by)}`)];
  const changes: Change[] = [];
  if (before.by !== after.by) {
    const kind = after.by === 'undo' ? 'undo-gained' : 'undo-weakened';
    changes.push(
      toChange(
        kind,
        [...path, 'by'],
        before.by,
        after.by,
        `${who} was reversed by ${plain(before.by)}, is by ${plain(after.by)}`,
      ),
    );
  }
  if (before.action !== after.action) {
    const message = `${who} was reversed by action ${quote(before.action)}, is by ${quote(after.action)}`;
    changes.push(toChange('undo-action-changed', [...path, 'action'], before.action, after.action, message));
  }
  return changes;
}
