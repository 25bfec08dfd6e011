import type { SeededEndpoint } from './database.ts';

/** What answers the same deliveries: see `subjects.ts`. */
export type SubjectName = 'bare' | 'plain' | 'ingress' | 'octokit' | 'bolt';

/** What a server process is told to be. */
export interface ServerStart {
  readonly subject: SubjectName;
  readonly secret: string;
  readonly databaseUrl: string;
  /** Of the endpoint that belongs to the secret. */
  readonly endpoint: Omit<SeededEndpoint, 'secret'>;
  readonly masterKey: string;
}

/** By a server process since it started. */
export interface ServerUsage {
  readonly cpuMs: number;
  /** Sent to the database. */
  readonly statements: number;
}

/** What the load process is told to send. */
export interface LoadStart {
  readonly port: number;
  readonly path: string;
  readonly scheme: 'github' | 'slack';
  readonly secret: string;
  readonly connections: number;
  readonly deliveries: number;
  readonly bodyBytes: number;
}

export interface LoadReport {
  readonly seconds: number;
  /** Per delivery, in the order in which they were answered. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 2xx. */
  readonly refused: number;
}
