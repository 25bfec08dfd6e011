import type { Clock } from '../types/clock.ts';
import type { Decision } from '../types/run.ts';
import type { PolicySubject } from './cedar-request.ts';
import { type Agreement, decideWith, type PreparedPolicy, preparePolicy } from './decide-with.ts';
import type { StoredPolicyTexts } from './policy-texts.ts';

export interface PolicyEngineOptions {
  /** The newest texts of a tenant and one of its workspaces. */
  readonly policyTexts: (tenantId: string, workspaceId: string) => Promise<StoredPolicyTexts>;
  readonly clock: Clock;
  readonly log: { error(message: string, fields?: Readonly<Record<string, unknown>>): void };
}

export interface PolicyEngine {
  /** Rejects only when the texts can't be read. */
  decide(planned: PolicySubject & { readonly tenantId: string }, agreement: Agreement): Promise<Decision>;
  /** The tenant's texts have changed: the next decision reads them. */
  forget(tenantId: string): void;
}

/** How long texts that were read decide: a change is in force on every node once this has passed. */
const FRESH_MS = 2_000;

interface Read {
  readonly at: number;
  readonly texts: Promise<StoredPolicyTexts>;
}

/** Enforces Cedar policies: the defaults, a tenant's over them, a workspace's beside them. */
export function createPolicyEngine({ policyTexts, clock, log }: PolicyEngineOptions): PolicyEngine {
  const reads = new Map<string, Map<string, Read>>();
  /** Which versions Cedar holds parsed under a name. */
  const parsed = new Map<string, { readonly versions: string; readonly policy: PreparedPolicy | undefined }>();

  function read(tenantId: string, workspaceId: string): Promise<StoredPolicyTexts> {
    const now = clock.now();
    const ofTenant = reads.get(tenantId) ?? new Map<string, Read>();
    reads.set(tenantId, ofTenant);
    const known = ofTenant.get(workspaceId);
    // A clock that was set back must not keep an old text alive.
    if (known !== undefined && known.at <= now && now < known.at + FRESH_MS) return known.texts;
    const texts = policyTexts(tenantId, workspaceId);
    const entry = { at: now, texts };
    ofTenant.set(workspaceId, entry);
    // A failure is this caller's, not everybody's for seconds.
    texts.catch(() => ofTenant.get(workspaceId) === entry && ofTenant.delete(workspaceId));
    return texts;
  }

  function prepare(tenantId: string, workspaceId: string, texts: StoredPolicyTexts): PreparedPolicy | undefined {
    const { tenant, workspace, tenantVersion, workspaceVersion } = texts;
    const own = tenant === undefined ? 'default' : `tenant:${tenantId}`;
    const name = workspace === undefined ? own : `workspace:${tenantId}:${workspaceId}`;
    const versions = `${tenantVersion} ${workspace === undefined ? 0 : workspaceVersion}`;
    const known = parsed.get(name);
    if (known?.versions === versions) return known.policy;
    const policy = preparePolicy(name, texts, (error) =>
      log.error('a policy text is broken: everything is denied until it is mended', {
        tenantId,
        workspaceId,
        versions: { tenant: tenantVersion, workspace: workspaceVersion },
        error,
      }),
    );
    parsed.set(name, { versions, policy });
    return policy;
  }

  return {
    async decide(planned, agreement) {
      const { tenantId, workspaceId } = planned;
      return decideWith(prepare(tenantId, workspaceId, await read(tenantId, workspaceId)), planned, agreement);
    },
    forget: (tenantId) => void reads.delete(tenantId),
  };
}
