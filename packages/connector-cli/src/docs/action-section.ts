import type { Manifest, ManifestAction } from '@org/connector-sdk';
import { duration, entries, entryHead, scopesNeeded } from './entry-words.ts';
import { code } from './markdown.ts';
import { describeSchema } from './schema-table.ts';

export function describeActions({ actions }: Manifest): string[] {
  const all = entries(actions);
  if (all.length === 0) return [];
  return ['## Actions', ...all.flatMap(([key, action]) => ['', ...describeAction(key, action)])];
}

function describeAction(key: string, action: ManifestAction): string[] {
  const { effect, risk, scopes, timeoutMs, input, output } = action;
  return [
    ...entryHead('action', key, action),
    `- ${effect === 'write' ? 'changes data' : 'reads, changes nothing'}; ${risk} risk`,
    scopesNeeded(scopes),
    `- ${repetitionOf(action)}`,
    ...(effect === 'write' ? [`- ${reversalOf(key, action)}`] : []),
    `- may take ${duration(timeoutMs / 1000)}`,
    '',
    '**Input**',
    '',
    ...describeSchema(input, 'None.'),
    '',
    '**Output**',
    '',
    ...describeSchema(output, 'None.'),
  ];
}

/** What happens when a call is sent twice, or its outcome is lost. */
function repetitionOf({ effect, idempotency }: ManifestAction): string {
  const { mode, resolve, settleSeconds = 0 } = idempotency;
  if (effect === 'read' || mode === 'safe') return REPETITION.safe;
  if (mode === 'natural' || mode === 'key') return `${REPETITION[mode]}; when an outcome is lost, it is sent again`;
  const wait = settleSeconds === 0 ? '' : `, not sooner than ${duration(settleSeconds)} later`;
  const lost = resolve ? `the connector looks whether it took effect${wait}` : 'a person decides';
  return `${REPETITION[mode]}; when an outcome is lost, ${lost}`;
}

const REPETITION: Readonly<Record<ManifestAction['idempotency']['mode'], string>> = {
  safe: 'can be repeated: it changes nothing',
  natural: 'can be repeated: the same call twice leaves what one leaves',
  key: 'can be repeated: the provider recognises a call by its key and does it once',
  marker: 'leaves a mark by which an earlier attempt is found',
  none: 'is never sent twice',
};

function reversalOf(key: string, { reversible }: ManifestAction): string {
  if (!reversible) return 'cannot be undone';
  const by = reversible.action === key ? 'a further call of itself' : code(reversible.action);
  return reversible.by === 'undo' ? `can be undone, by ${by}` : `cannot be taken back, but made good by ${by}`;
}
