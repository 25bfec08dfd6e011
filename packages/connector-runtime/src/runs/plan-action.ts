import type { ConnectorCalls } from '../types/connector-calls.ts';
import { plannedDigest } from '../types/digest.ts';
import { RuntimeError } from '../types/errors.ts';
import type { PlannedAction, Run } from '../types/run.ts';

/** Finds the connection that an action runs on. */
export interface ConnectionsPort {
  /** Throws `CONNECTION_UNKNOWN` | `CONNECTION_AMBIGUOUS` | `CONNECTION_DISABLED`. */
  forAction(
    run: Pick<Run, 'tenantId' | 'workspaceId'>,
    connector: string,
    hints: { readonly name?: string; readonly eventConnectionId?: string },
  ): Promise<{ readonly id: string; readonly name: string }>;
}

export interface PlanPorts {
  readonly connections: ConnectionsPort;
  readonly calls: Pick<ConnectorCalls, 'enabled'>;
}

/**
 * What would run now: the connection, the enabled artifact and the input, under one digest. Nothing runs.
 *
 * @throws RuntimeError `ACTION_UNKNOWN` | `CONNECTOR_NOT_ENABLED` | `CONNECTION_*`
 */
export async function planAction(
  run: Run,
  wanted: { readonly action: string; readonly input: unknown; readonly connection: string | null },
  { connections, calls }: PlanPorts,
): Promise<PlannedAction> {
  const { action, input } = wanted;
  const [connector = '', key = ''] = action.split('.', 2);
  const enabled = await calls.enabled(run.tenantId, connector);
  const manifest = Object.hasOwn(enabled.manifest.actions, key) ? enabled.manifest.actions[key] : undefined;
  if (manifest === undefined) {
    throw new RuntimeError('ACTION_UNKNOWN', `${connector} ${enabled.manifest.version} has no action ${action}`, {
      details: { action, artifact: enabled.digest },
    });
  }
  const connection = await connections.forAction(run, connector, {
    ...(wanted.connection === null ? {} : { name: wanted.connection }),
    eventConnectionId: run.event.connectionId,
  });
  const content = { action, connectionId: connection.id, artifactDigest: enabled.digest, input };
  return {
    ...content,
    tenantId: run.tenantId,
    workspaceId: run.workspaceId,
    runId: run.id,
    workflow: run.workflow,
    connector,
    connectionName: connection.name,
    manifest,
    digest: plannedDigest(content),
  };
}
