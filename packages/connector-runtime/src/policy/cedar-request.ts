import type { Context, Entities, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import type { PlannedAction } from '../types/run.ts';

export interface CedarRequest {
  readonly principal: TypeAndId;
  readonly action: TypeAndId;
  readonly resource: TypeAndId;
  readonly context: Context;
  readonly entities: Entities;
}

/** What policy may look at: names and the manifest's own words about the action. Ids of people and inputs stay out of it. */
export type PolicySubject = Pick<
  PlannedAction,
  'workspaceId' | 'workflow' | 'action' | 'connector' | 'connectionName' | 'manifest'
>;

/** The Cedar request that asks: may this workflow do this action on this connection? */
export function cedarRequest(subject: PolicySubject, approved: boolean): CedarRequest {
  const workspace = { type: 'Workspace', id: subject.workspaceId };
  const principal = { type: 'Workflow', id: subject.workflow };
  const action = { type: 'Action', id: subject.action };
  const resource = { type: 'Connection', id: subject.connectionName };
  const connector = { type: 'Connector', id: subject.connector };
  const { effect, risk, idempotency, reversible } = subject.manifest;
  const groups = actionGroups(effect, risk);
  return {
    principal,
    action,
    resource,
    context: { approved, effect, risk, idempotency: idempotency.mode, reversible: reversible?.by ?? 'none' },
    entities: [
      { uid: workspace, attrs: {}, parents: [] },
      { uid: connector, attrs: {}, parents: [] },
      { uid: principal, attrs: {}, parents: [workspace] },
      { uid: resource, attrs: {}, parents: [connector, workspace] },
      { uid: action, attrs: {}, parents: groups.map((id) => ({ type: 'Action', id })) },
      ...groups.map((id) => ({ uid: { type: 'Action', id }, attrs: {}, parents: [] })),
    ],
  };
}

/** Groups that an action is in: its effect, and for a write its risk, so that `Action::"critical"` never means a read. */
export function actionGroups(effect: 'read' | 'write', risk: string): readonly string[] {
  return effect === 'read' ? ['read'] : ['write', risk];
}
