import {
  ArtifactError,
  type ArtifactFiles,
  packArtifact,
  readArtifact,
  readArtifactBytes,
  type TrustPolicy,
  type VerifiedArtifact,
  verifyArtifact,
} from '@org/connector-artifact';
import { isConnectorError, type Manifest } from '@org/connector-sdk';
import { type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import { createPostgresArtifactStore } from './postgres-artifact-store.ts';

interface AddedArtifact {
  readonly digest: string;
  readonly id: string;
  readonly version: string;
  readonly publisher: string;
  readonly keyIds: readonly string[];
}

/** Code that may run now. */
interface OpenArtifact {
  readonly digest: string;
  readonly id: string;
  readonly manifest: Manifest;
  readonly code: Uint8Array;
}

export interface ArtifactRegistry {
  /** Reads, verifies and stores an artifact: a path (directory or `.tgz`), or the bytes of a `.tgz`. Throws ArtifactError. Refusals are audited. */
  add(source: string | Uint8Array, by?: string): Promise<AddedArtifact>;
  /** Verified from the stored bytes under the trust policy of now. Throws ArtifactError, or RuntimeError `ARTIFACT_UNKNOWN` | `CONFIG_*`. */
  open(digest: string): Promise<OpenArtifact>;
}

interface ArtifactRegistryOptions {
  readonly db: Db;
  readonly audit: AuditTrail;
  /** The policy of now: one object for as long as it does not change. */
  readonly trust: () => TrustPolicy;
  readonly clock: Clock;
  readonly log: Log;
}

const MAX_CACHED = 64;

export function createArtifactRegistry(options: ArtifactRegistryOptions): ArtifactRegistry {
  const { audit, trust, clock, log } = options;
  const store = createPostgresArtifactStore(options.db, audit);
  // Of one trust policy only: another policy may decide otherwise.
  let cache = new Map<string, Promise<OpenArtifact>>();
  let cachedUnder: TrustPolicy | undefined;

  async function refuse(error: unknown, subject: string, by: string): Promise<never> {
    if (isConnectorError(error)) {
      log.warn('an artifact was refused', { code: error.code, subject });
      const details = { code: error.code, ...pickFacts(error.details) };
      await audit.record({ tenantId: DEPLOYMENT, kind: 'artifact.refused', actor: by, subject, details });
    }
    throw error;
  }

  async function load(digest: string, policy: TrustPolicy): Promise<OpenArtifact> {
    const archive = await store.archive(digest);
    if (!archive) {
      throw new RuntimeError('ARTIFACT_UNKNOWN', `there is no artifact ${digest} here; add it first`, {
        details: { digest },
      });
    }
    try {
      const now = new Date(clock.now());
      const verified = verifyArtifact(readArtifactBytes(archive), policy, { now, purpose: 'load' });
      if (verified.digest !== digest) throw replaced(digest, verified);
      return { digest, id: verified.id, manifest: verified.manifest, code: verified.code };
    } catch (error) {
      return refuse(error, digest, 'system');
    }
  }

  return {
    async add(source, by = 'system') {
      let verified: VerifiedArtifact;
      let files: ArtifactFiles;
      try {
        files = typeof source === 'string' ? await readArtifact(source) : readArtifactBytes(source);
        verified = verifyArtifact(files, trust(), { now: new Date(clock.now()) });
      } catch (error) {
        return refuse(error, 'artifact', by);
      }
      await store.insert(verified, packArtifact(files), by);
      const { digest, id, version, publisher, keyIds } = verified;
      return { digest, id, version, publisher, keyIds };
    },

    async open(digest) {
      const policy = trust();
      if (policy !== cachedUnder) {
        cache = new Map();
        cachedUnder = policy;
      }
      const known = cache.get(digest);
      if (known) return known;
      const loading = load(digest, policy);
      const into = cache;
      into.set(digest, loading);
      // A refusal is not remembered: what led to it may change.
      loading.catch(() => into.delete(digest));
      const [oldest] = into.keys();
      if (into.size > MAX_CACHED && oldest !== undefined) into.delete(oldest);
      return loading;
    },
  };
}

function replaced(digest: string, { digest: actual }: VerifiedArtifact): ArtifactError {
  return new ArtifactError('ARTIFACT_MODIFIED', `the stored artifact ${digest} holds another one; add it again`, {
    details: { expected: digest, actual },
  });
}

/** Names only: a path of the machine that sent it is nobody else's business. */
function pickFacts(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const named = ['id', 'version', 'publisher', 'keyId', 'keyIds'];
  return Object.fromEntries(Object.entries(details).filter(([name]) => named.includes(name)));
}
