import type { AuditRecord, AuditTrail } from '../types/audit.ts';
import { redactPatterns } from './credential-patterns.ts';
import { scrubStrings } from './loggable.ts';
import type { Scrubber } from './scrubber.ts';

/**
 * The trail, without secrets in what it records: entries can't be taken back, so a message that quotes one must not get in.
 * Names of things are left as they are.
 */
export function createScrubbedAudit(trail: AuditTrail, scrubber: Pick<Scrubber, 'scrub'>): AuditTrail {
  const scrub = (text: string) => redactPatterns(scrubber.scrub(text));
  const clean = (record: AuditRecord): AuditRecord => ({
    ...record,
    actor: scrubber.scrub(record.actor),
    subject: scrubber.scrub(record.subject),
    details: Object.fromEntries(
      Object.entries(record.details).map(([name, value]) => [scrubber.scrub(name), scrubStrings(value, scrub)]),
    ),
  });
  return {
    append: (record) => trail.append(clean(record)),
    commit: (change) => trail.commit({ ...change, record: clean(change.record) }),
    record: (record) => trail.record(clean(record)),
  };
}
