import type { Report } from './report.ts';

/** What the admin API counts. */
export interface Stats {
  readonly deliveries: Report['deliveries'];
}
