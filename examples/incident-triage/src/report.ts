/** The last line of `npm run demo -- --json`. */
export interface Report {
  ok: boolean;
  durationMs: number;
  artifacts: { id: string; version: string; digest: string; keyId: string }[];
  refused: { case: RefusedCase; code: string }[];
  run: { id: string; status: string; steps: { key: string; action: string; outcome: string; attempts: number }[] };
  incident: { number: string; before: IncidentFields; after: IncidentFields };
  approval: { decision: string; actor: string };
  /** Deliveries to the ServiceNow endpoint; rejected ones to any address. */
  deliveries: { accepted: number; duplicates: number; rejected: number; rejectedAudited: number };
  effects: { servicenowWrites: number; slackPosts: number; slackUpdates: number; githubReads: number };
  audit: { entries: number; verified: boolean; url: string };
  /** What is not as promised; empty when `ok`. */
  problems: string[];
}

export type RefusedCase = 'unsigned' | 'modified' | 'untrusted-signer' | 'not-allowed';

export interface IncidentFields {
  assignmentGroup: string;
  assignedTo: string;
  priority: string;
  workNotes: number;
}
