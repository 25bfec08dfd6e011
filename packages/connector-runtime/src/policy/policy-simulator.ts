import type { Manifest, ManifestAction } from '@org/connector-sdk';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { PolicySubject } from './cedar-request.ts';
import { cedarSchema, cedarSchemaText } from './cedar-schema.ts';
import { type Compared, type ComparedTexts, createPolicyComparison } from './compare-policies.ts';
import { type ChangeCounts, countChanges } from './count-changes.ts';
import type { PolicyTexts } from './policy-texts.ts';
import { createPostgresInvocations } from './postgres-invocations.ts';
import { createPostgresSubjects, type SubjectSource } from './postgres-subjects.ts';
import { type SimulatedHistory, simulateHistory } from './simulate-history.ts';
import { type PolicyIssue, verifyPolicyText } from './verify-policy-text.ts';

export interface SimulationRequest {
  readonly tenantId: string;
  /** Cedar in place of the text that is in force: the workspace's if one is named, else the tenant's. Undefined: nothing new. */
  readonly text?: string | undefined;
  /** Only there. */
  readonly workspaceId?: string | undefined;
  /** Only its actions. */
  readonly connector?: string | undefined;
  /** An artifact in place of the version that is enabled, or of one that is not enabled yet. */
  readonly digest?: string | undefined;
  /** Undefined: the workflows that ran in the last 30 days. */
  readonly workflow?: string | undefined;
  /** Also over what ran in the last days. */
  readonly days?: number | undefined;
  /** Changed invocations a page. */
  readonly limit: number;
  readonly after?: { readonly runId: string; readonly stepKey: string } | undefined;
}

export interface SimulatedAction extends Compared {
  readonly workspaceId: string;
  readonly workflow: string;
  readonly connection: string;
  /** Full name: `servicenow.update-assignment`. */
  readonly action: string;
  readonly risk: ManifestAction['risk'];
}

export interface Simulation {
  /** Of the proposed text. */
  readonly warnings: readonly PolicyIssue[];
  readonly changes: ChangeCounts;
  readonly actions: readonly SimulatedAction[];
  /** How many were not looked at: there were too many. */
  readonly omittedActions: number;
  readonly history: SimulatedHistory | null;
}

export interface PolicySimulatorOptions {
  /** The texts in force. */
  readonly policyTexts: (tenantId: string, workspaceId: string) => Promise<PolicyTexts>;
  /** Of every enabled connector. */
  readonly manifests: (tenantId: string) => Promise<readonly Manifest[]>;
  /** Verified. Throws the artifact's refusal. */
  readonly artifact: (digest: string) => Promise<{ readonly manifest: Manifest }>;
  readonly db: Db;
  readonly clock: Clock;
}

export interface PolicySimulator {
  /** What a policy may name, made from the enabled manifests: as Cedar's text, and as its JSON. */
  schema(tenantId: string): Promise<{ readonly cedar: string; readonly json: object }>;
  /** Throws `POLICY_INVALID` | `WORKSPACE_UNKNOWN` | `CONNECTOR_NOT_ENABLED`, or the artifact's refusal. */
  simulate(request: SimulationRequest): Promise<Simulation>;
}

const MAX_ACTIONS = 2_000;
const DAY_MS = 86_400_000;
/** Stands for workflows and connections that there are none of yet. */
const ANY = '(any)';

/** Shows what policy says, and what another text would alter, by the code that enforces it. Nothing runs, nothing is stored. */
export function createPolicySimulator(options: PolicySimulatorOptions): PolicySimulator {
  const { policyTexts, clock } = options;
  const subjects = createPostgresSubjects(options.db);
  const invocations = createPostgresInvocations(options.db);
  const { compare } = createPolicyComparison();

  return {
    async schema(tenantId) {
      const manifests = await options.manifests(tenantId);
      return { cedar: cedarSchemaText(manifests), json: cedarSchema(manifests) };
    },

    async simulate(request) {
      const { tenantId, workspaceId, text } = request;
      const all = await manifestsFor(request, options);
      const workspaces = await workspacesFor(request, subjects);
      const warnings =
        text === undefined
          ? []
          : verifyPolicyText(workspaceId === undefined ? { tenant: text } : { workspace: text }, all);
      const texts = new Map<string, ComparedTexts>();
      for (const id of workspaces) texts.set(id, proposedTexts(request, await policyTexts(tenantId, id)));

      const { planned, omitted } = await subjectsFor(request, { workspaces, manifests: all });
      const actions: SimulatedAction[] = [];
      for (const [id, compared] of texts) {
        const here = planned.filter((subject) => subject.workspaceId === id);
        for (const [at, result] of (await compare(compared, here)).entries()) {
          const subject = here[at] as PolicySubject;
          const { action, workflow, connectionName: connection } = subject;
          actions.push({ workspaceId: id, workflow, connection, action, risk: subject.manifest.risk, ...result });
        }
      }
      const since = new Date(clock.now() - (request.days ?? 0) * DAY_MS);
      const window = { tenantId, since, workspaceId, connector: connectorOf(request, all) };
      const page = { limit: request.limit, after: request.after };
      const history =
        request.days === undefined
          ? null
          : await simulateHistory({ window, page, manifests: all, texts }, { invocations, compare });
      return { warnings, changes: countChanges(actions), actions, omittedActions: omitted, history };
    },
  };

  async function subjectsFor(
    request: SimulationRequest,
    { workspaces, manifests }: { workspaces: readonly string[]; manifests: readonly Manifest[] },
  ): Promise<{ planned: readonly PolicySubject[]; omitted: number }> {
    const { tenantId } = request;
    const wanted = connectorOf(request, manifests);
    const connections = await subjects.connections(tenantId);
    const ran =
      request.workflow === undefined ? await subjects.workflows(tenantId, new Date(clock.now() - 30 * DAY_MS)) : [];
    const workflows = request.workflow === undefined ? orAny(ran) : [request.workflow];
    const planned: PolicySubject[] = [];
    let omitted = 0;
    for (const workspaceId of workspaces) {
      for (const { id: connector, actions } of manifests.filter(({ id }) => wanted === undefined || id === wanted)) {
        const here = connections.filter((one) => one.workspaceId === workspaceId && one.connector === connector);
        for (const connectionName of orAny(here.map(({ name }) => name))) {
          for (const workflow of workflows) {
            const place = { workspaceId, workflow, connector, connectionName };
            const asked = Object.entries(actions).slice(0, MAX_ACTIONS - planned.length);
            for (const [key, manifest] of asked) planned.push({ ...place, action: `${connector}.${key}`, manifest });
            omitted += Object.keys(actions).length - asked.length;
          }
        }
      }
    }
    return { planned, omitted };
  }
}

function orAny(names: readonly string[]): readonly string[] {
  return names.length === 0 ? [ANY] : names;
}

/** Both are given only if they are the same connector: the artifact's. */
function connectorOf({ connector, digest }: SimulationRequest, manifests: readonly Manifest[]): string | undefined {
  return digest === undefined ? connector : manifests.at(-1)?.id;
}

/** The enabled ones; an artifact that is asked about takes the place of its connector's, at the end. */
async function manifestsFor(request: SimulationRequest, options: PolicySimulatorOptions): Promise<readonly Manifest[]> {
  const { tenantId, connector, digest } = request;
  const enabled = await options.manifests(tenantId);
  const asked = digest === undefined ? undefined : (await options.artifact(digest)).manifest;
  const known = asked === undefined ? enabled.map(({ id }) => id) : [asked.id];
  if (connector !== undefined && !known.includes(connector)) {
    throw new RuntimeError(
      'CONNECTOR_NOT_ENABLED',
      `${connector} is not enabled here; give the digest of one of its artifacts to see what policy would say to it`,
    );
  }
  return asked === undefined ? enabled : [...enabled.filter(({ id }) => id !== asked.id), asked];
}

async function workspacesFor({ tenantId, workspaceId }: SimulationRequest, subjects: SubjectSource) {
  const all = await subjects.workspaces(tenantId);
  if (workspaceId === undefined) return all;
  if (all.includes(workspaceId)) return [workspaceId];
  throw new RuntimeError('WORKSPACE_UNKNOWN', `there is no workspace ${workspaceId} here`);
}

function proposedTexts({ text, workspaceId }: SimulationRequest, now: PolicyTexts): ComparedTexts {
  if (text === undefined) return { now, proposed: now };
  return { now, proposed: workspaceId === undefined ? { ...now, tenant: text } : { ...now, workspace: text } };
}
