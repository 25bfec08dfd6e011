import type { Manifest } from '../manifest.ts';
import { type Change, toChange } from './change.ts';
import type { ChangeClass } from './change-kinds.ts';
import { type Compare, compareList, compareObject, compareRecord, compareText, compareValue } from './compare.ts';
import { addedAction, compareAction } from './compare-action.ts';
import { compareConnection } from './compare-connection.ts';
import { compareDeprecation, findRenames, removedEntry } from './compare-entry.ts';
import { compareChannel, compareTrigger } from './compare-trigger.ts';
import { compareVersionRange } from './compare-version-range.ts';
import { subjectOf } from './subject.ts';

/**
 * Every difference between two manifests of one connector: what matters for security first, then what is breaking, new
 * features, fixes. Two manifests that are not the same give at least one change, the same ones none; what cannot be
 * judged counts as breaking.
 */
export function diffManifests(before: Manifest, after: Manifest): Change[] {
  return compareManifest(before, after, []).sort(inOrderOfWeight);
}

const compareManifest: Compare<Manifest> = (before, after, path) =>
  compareObject<Manifest>({
    $schema: compareValue('unclassified', '$schema'),
    manifestVersion: compareValue('unclassified', 'manifestVersion'),
    id: compareValue('id-changed', 'its id'),
    version: compareValue('version-changed', 'its version'),
    publisher: compareValue('publisher-changed', 'its publisher'),
    title: compareText,
    description: compareText,
    engines: compareObject<Manifest['engines']>({ runtime: compareVersionRange }),
    deprecated: compareDeprecation,
    scopes: compareScopes,
    connection: compareConnection,
    actions: compareRecord({
      added: addedAction,
      removed: removedEntry(
        { warned: 'action-removed', unwarned: 'action-removed-without-deprecation' },
        findRenames(before.actions, after.actions),
      ),
      changed: compareAction,
    }),
    triggers: compareRecord({
      added: (trigger, place) => [toChange('trigger-added', place, undefined, trigger, `${subjectOf(place)} is new`)],
      removed: removedEntry(
        { warned: 'trigger-removed', unwarned: 'trigger-removed-without-deprecation' },
        findRenames(before.triggers, after.triggers),
      ),
      changed: compareTrigger,
    }),
    approvalChannels: compareRecord({
      added: (channel, place) => [toChange('channel-added', place, undefined, channel, `${subjectOf(place)} is new`)],
      removed: removedEntry(
        { warned: 'channel-removed', unwarned: 'channel-removed-without-deprecation' },
        findRenames(before.approvalChannels, after.approvalChannels),
      ),
      changed: compareChannel,
    }),
  })(before, after, path);

const compareScopes: Compare<Manifest['scopes']> = compareRecord({
  added: (scope, path) => [toChange('scope-added', path, undefined, scope, `${subjectOf(path)} is new`)],
  removed: (scope, path) => [toChange('scope-removed', path, scope, undefined, `${subjectOf(path)} is gone`)],
  changed: compareObject<Manifest['scopes'][string]>({
    title: compareText,
    description: compareText,
    provider: compareList({
      added: 'scope-provider-widened',
      removed: 'scope-provider-narrowed',
      what: "provider's scope",
    }),
  }),
});

const WEIGHTS: readonly ChangeClass[] = ['breaking', 'feature', 'fix'];

function inOrderOfWeight(a: Change, b: Change): number {
  return (
    Number(b.security) - Number(a.security) ||
    WEIGHTS.indexOf(a.class) - WEIGHTS.indexOf(b.class) ||
    compareCodeUnits(a.path, b.path) ||
    compareCodeUnits(a.kind, b.kind)
  );
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
