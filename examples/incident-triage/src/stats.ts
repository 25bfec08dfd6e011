import type { Report } from './report.ts';

/** What the admin API counts. */
export interface Stats {
  readonly deliveries: Report['deliveries'];
}

/** What was counted since `earlier`: a database of your own may have seen other runs. */
export function sinceThen({ deliveries: now }: Stats, { deliveries: then }: Stats): Report['deliveries'] {
  return {
    accepted: now.accepted - then.accepted,
    duplicates: now.duplicates - then.duplicates,
    rejected: now.rejected - then.rejected,
    rejectedAudited: now.rejectedAudited - then.rejectedAudited,
  };
}
