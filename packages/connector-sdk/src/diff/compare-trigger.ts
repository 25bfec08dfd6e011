import type { ManifestApprovalChannel, ManifestReception, ManifestTrigger } from '../manifest.ts';
import { toChange } from './change.ts';
import { type Compare, compareNumber, compareObject, compareText } from './compare.ts';
import { compareDeprecation, compareNeededScopes } from './compare-entry.ts';
import { compareReception } from './compare-reception.ts';
import { compareSchema } from './compare-schema.ts';
import { subjectOf } from './subject.ts';

type Polling = NonNullable<ManifestTrigger['polling']>;

const comparePolling = compareObject<Polling>({
  intervalSeconds: compareNumber('poll-interval-changed', 'poll-interval-changed', 'seconds between polls'),
  overlapSeconds: compareNumber('poll-overlap-lengthened', 'poll-overlap-shortened', 'seconds that polls overlap'),
});

const compareWebhook: Compare<ManifestReception | undefined> = (before, after, path) => {
  if (before && after) return compareReception(before, after, path);
  return [
    after
      ? toChange('webhook-added', path, before, after, `${subjectOf(path)} can also be told by a webhook`)
      : toChange('webhook-removed', path, before, after, `${subjectOf(path)} has no webhook any more`),
  ];
};

/** One trigger, under the same key in both manifests. */
export const compareTrigger: Compare<ManifestTrigger> = compareObject<ManifestTrigger>({
  title: compareText,
  description: compareText,
  scopes: compareNeededScopes,
  event: compareSchema('output', 'event'),
  webhook: compareWebhook,
  polling: (before, after, path) => {
    if (before && after) return comparePolling(before, after, path);
    return [
      after
        ? toChange('polling-added', path, before, after, `${subjectOf(path)} also polls`)
        : toChange('polling-removed', path, before, after, `${subjectOf(path)} no longer polls`),
    ];
  },
  deprecated: compareDeprecation,
});

const compareGroups: Compare<ManifestApprovalChannel['groups']> = (before, after, path) => {
  const who = subjectOf(path);
  if (!before) return [toChange('groups-added', path, before, after, `${who} knows groups of approvers`)];
  if (!after) return [toChange('groups-removed', path, before, after, `${who} knows no groups of approvers any more`)];
  return compareObject<NonNullable<ManifestApprovalChannel['groups']>>({ scopes: compareNeededScopes })(
    before,
    after,
    path,
  );
};

/** One approval channel, under the same key in both manifests. */
export const compareChannel: Compare<ManifestApprovalChannel> = compareObject<ManifestApprovalChannel>({
  title: compareText,
  description: compareText,
  scopes: compareNeededScopes,
  target: compareSchema('input', 'target'),
  interaction: compareReception,
  groups: compareGroups,
  deprecated: compareDeprecation,
});
