import {
  ArtifactError,
  type ArtifactFiles,
  packArtifact,
  readArtifact,
  readArtifactBytes,
  subjectDigest,
  type TrustPolicy,
  type VerifiedArtifact,
  type VerifyOptions,
  verifyArtifact,
} from '@org/connector-artifact';
import { isConnectorError, type Manifest } from '@org/connector-sdk';
import { type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import { checkEngine } from './check-engine.ts';
import { createPolicyFloor } from './policy-floor.ts';
import { createPostgresArtifactStore } from './postgres-artifact-store.ts';
import { checkQuarantine, type Quarantine, quarantineTerms } from './quarantine.ts';

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
  /**
   * Reads, verifies and stores an artifact: a path (directory, `.tgz` or npm package), or the bytes of a `.tgz`. What is new
   * here is held to more than what is here already (see `VerifyOptions`). Throws ArtifactError. Refusals are audited.
   */
  add(source: string | Uint8Array, by?: string): Promise<AddedArtifact>;
  /**
   * Verified from the stored bytes under the trust policy of now. `enable` is for a tenant that does not run it yet.
   * Throws ArtifactError, or RuntimeError `ARTIFACT_UNKNOWN` | `ARTIFACT_ENGINE_UNSUPPORTED` | `ARTIFACT_QUARANTINED` | `ARTIFACT_TRUST_ROLLBACK` | `CONFIG_*`.
   */
  open(digest: string, purpose?: VerifyOptions['purpose']): Promise<OpenArtifact>;
  /** Ends an artifact's quarantine. Throws `ARTIFACT_UNKNOWN`, or `ARTIFACT_PROMOTER_NOT_ALLOWED` for who added it. */
  promote(digest: string, by: string): Promise<void>;
  /**
   * Looks again at everything that was opened, if the trust policy changed since: what it no longer lets run is audited
   * (`artifact.withdrawn`) and returned, for its processes to be ended.
   */
  sweep(): Promise<readonly string[]>;
}

interface ArtifactRegistryOptions {
  readonly db: Db;
  readonly audit: AuditTrail;
  /** The policy of now: one object for as long as it does not change. */
  readonly trust: () => TrustPolicy;
  /** Default `none`. */
  readonly quarantine?: Quarantine;
  readonly clock: Clock;
  readonly log: Log;
}

const MAX_CACHED = 64;

export function createArtifactRegistry(options: ArtifactRegistryOptions): ArtifactRegistry {
  const { audit, clock, log, quarantine = 'none' } = options;
  const store = createPostgresArtifactStore(options.db, audit);
  const currentPolicy = createPolicyFloor(options);
  // Of one trust policy only: another policy may decide otherwise.
  let cache = new Map<string, Promise<OpenArtifact>>();
  let cachedUnder: TrustPolicy | undefined;
  // What may be running on this node, and the policy it was last found good under.
  const opened = new Set<string>();
  let sweptUnder: TrustPolicy | undefined;
  // A refused artifact that is asked for again and again is audited once, until the reason is another.
  const refusals = new Map<string, string>();

  async function refuse(error: unknown, subject: string, by: string): Promise<never> {
    if (isConnectorError(error)) {
      log.warn('an artifact was refused', { code: error.code, subject });
      const details = { code: error.code, ...pickFacts(error.details) };
      await audit.record({ tenantId: DEPLOYMENT, kind: 'artifact.refused', actor: by, subject, details });
    }
    throw error;
  }

  async function refuseStored(error: unknown, digest: string): Promise<never> {
    if (!isConnectorError(error) || refusals.get(digest) === error.code) throw error;
    refusals.set(digest, error.code);
    return refuse(error, digest, 'system');
  }

  async function load(digest: string, policy: TrustPolicy, purpose: 'enable' | 'load'): Promise<OpenArtifact> {
    const stored = await store.find(digest);
    if (!stored) throw unknown(digest);
    try {
      const now = clock.now();
      const verified = verifyStored(stored.archives, policy, { now: new Date(now), purpose });
      if (verified.digest !== digest) throw replaced(digest, verified);
      checkQuarantine(stored, now);
      checkEngine(verified.manifest);
      const { id, version, manifest, code, keyIds } = verified;
      if (purpose === 'load') {
        // Before anything can run it. Not for each call: what is in the cache was loaded already.
        const details = { id, version, keyIds: [...keyIds] };
        await audit.record({
          tenantId: DEPLOYMENT,
          kind: 'artifact.loaded',
          actor: 'system',
          subject: digest,
          details,
        });
      }
      refusals.delete(digest);
      return { digest, id, manifest, code };
    } catch (error) {
      return refuseStored(error, digest);
    }
  }

  async function open(digest: string, purpose: VerifyOptions['purpose'] = 'load'): Promise<OpenArtifact> {
    const policy = await currentPolicy();
    if (purpose !== 'load') return load(digest, policy, purpose);
    if (policy !== cachedUnder) {
      cache = new Map();
      cachedUnder = policy;
    }
    const known = cache.get(digest);
    if (known) return known;
    const loading = load(digest, policy, purpose);
    const into = cache;
    into.set(digest, loading);
    loading.then(
      () => {
        opened.add(digest);
        // A sweep that came in between has not seen it.
        if (policy !== sweptUnder) sweptUnder = undefined;
      },
      // A refusal is not remembered: what led to it may change.
      () => into.delete(digest),
    );
    const [oldest] = into.keys();
    if (into.size > MAX_CACHED && oldest !== undefined) into.delete(oldest);
    return loading;
  }

  async function withdraw(digest: string, error: unknown): Promise<void> {
    const code = isConnectorError(error) ? error.code : 'unknown';
    log.warn('an artifact may no longer run', { code, digest });
    const details = { code };
    await audit.record({ tenantId: DEPLOYMENT, kind: 'artifact.withdrawn', actor: 'system', subject: digest, details });
    opened.delete(digest);
  }

  return {
    open,

    async add(source, by = 'system') {
      let verified: VerifiedArtifact;
      let files: ArtifactFiles;
      try {
        files = typeof source === 'string' ? await readArtifact(source) : readArtifactBytes(source);
        const purpose = (await store.has(subjectDigest(files))) ? 'load' : 'enable';
        verified = verifyArtifact(files, await currentPolicy(), { now: new Date(clock.now()), purpose });
      } catch (error) {
        return refuse(error, 'artifact', by);
      }
      const now = clock.now();
      const terms = quarantineTerms(quarantine, now);
      await store.insert({ artifact: verified, archive: packArtifact(files), terms, by, now: new Date(now) });
      const { digest, id, version, publisher, keyIds } = verified;
      return { digest, id, version, publisher, keyIds };
    },

    async promote(digest, by) {
      if (await store.promote(digest, by, new Date(clock.now()))) return;
      if (!(await store.has(digest))) throw unknown(digest);
      throw new RuntimeError(
        'ARTIFACT_PROMOTER_NOT_ALLOWED',
        `${by} added ${digest}, so somebody else has to promote it`,
        { details: { digest } },
      );
    },

    async sweep() {
      const policy = await currentPolicy().catch(() => undefined);
      if (policy !== undefined && policy === sweptUnder) return [];
      const withdrawn: string[] = [];
      let complete = policy !== undefined;
      for (const digest of [...opened]) {
        try {
          await open(digest);
        } catch (error) {
          // A database that does not answer says nothing about the artifact: the next sweep looks again.
          complete &&= isConnectorError(error);
          if (!isConnectorError(error)) continue;
          withdrawn.push(digest);
          // Its processes end in any case. What could not be audited is withdrawn once more by the next sweep.
          await withdraw(digest, error).catch(() => {
            complete = false;
          });
        }
      }
      if (complete) sweptUnder = policy;
      return withdrawn;
    },
  };
}

/** The first that verifies. When none does: why the newest does not. */
function verifyStored(archives: readonly Uint8Array[], policy: TrustPolicy, options: VerifyOptions): VerifiedArtifact {
  const [newest, ...older] = archives;
  try {
    return verifyArtifact(readArtifactBytes(newest ?? new Uint8Array()), policy, options);
  } catch (error) {
    for (const archive of older) {
      try {
        return verifyArtifact(readArtifactBytes(archive), policy, options);
      } catch {
        // The newest says why.
      }
    }
    throw error;
  }
}

function unknown(digest: string): RuntimeError {
  return new RuntimeError('ARTIFACT_UNKNOWN', `there is no artifact ${digest} here; add it first`, {
    details: { digest },
  });
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
