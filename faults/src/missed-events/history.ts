import type { Deployment } from './deployment.ts';

/** What happened at the instance, and what of it the runtime had to learn. */
export interface History {
  /** One change of an incident, by its index. */
  change(index: number): Promise<void>;
  /** A new incident, stamped before the last change: its transaction has only now ended. */
  createLate(): Promise<void>;
  /** An ACL takes these incidents from the integration user. */
  hide(indexes: readonly number[]): void;
  /** Everything that was visible has been polled: the newest version of each record had to be found. */
  polled(): void;
  readonly changes: number;
  /** Every version since the beginning. */
  readonly versions: ReadonlySet<string>;
  /** Those that were still the newest when they were polled. */
  readonly required: ReadonlySet<string>;
}

/** Less than what the connector reaches back. */
const LATE_MS = 100_000;

export function createHistory({ instance, now }: Deployment): History {
  const newest = new Map<string, string>();
  const hidden = new Set<string>();
  const versions = new Set<string>();
  const required = new Set<string>();
  let lastChangeAt = now();
  const nameOf = (index: number) => `INC${String(index).padStart(7, '0')}`;
  const note = ({ sys_id = '', sys_mod_count }: Readonly<Record<string, string>>) => {
    const version = `${sys_id}:${sys_mod_count}`;
    newest.set(sys_id, version);
    versions.add(version);
  };
  return {
    async change(index) {
      lastChangeAt = now();
      note(await instance.changeIncident(nameOf(index), { description: `change ${versions.size}` }));
    },
    async createLate() {
      const sys_updated_on = new Date(lastChangeAt - LATE_MS).toISOString().slice(0, 19).replace('T', ' ');
      note(await instance.createIncident({ short_description: 'late', sys_updated_on }));
    },
    hide(indexes) {
      for (const index of indexes) {
        instance.hideIncident(nameOf(index));
        hidden.add(instance.incident(nameOf(index)).sys_id ?? '');
      }
    },
    polled() {
      for (const [sysId, version] of newest) if (!hidden.has(sysId)) required.add(version);
    },
    get changes() {
      return versions.size;
    },
    versions,
    required,
  };
}
