import { isConnectorError } from '@org/connector-sdk';
import type { ParsedEvent } from '../types/connector-calls.ts';
import type { PendingDelivery } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import { isUsableEventKey } from '../types/event-key.ts';
import type { EventStore } from './event-store.ts';
import type { ApprovalDecider, DeliveryReader, WorkflowDirectory } from './ports.ts';

export interface DeliveryPorts {
  readonly calls: DeliveryReader;
  readonly events: EventStore;
  readonly workflows: WorkflowDirectory;
  readonly approvals: ApprovalDecider;
}

/** Why connector code could not read a delivery; what went wrong at our own end is thrown as it is. */
export class UnreadDelivery extends Error {}

/** One claimed delivery, from its bytes to events and runs or to a decision. */
export async function workDelivery(delivery: PendingDelivery, ports: DeliveryPorts): Promise<void> {
  if (delivery.purpose.kind === 'approval') return decideByClick(delivery, ports);
  const events = requireKeys(await read(() => ports.calls.parseDelivery(delivery)));
  const trigger = `${delivery.connector}.${delivery.purpose.name}`;
  const workflows = events.length === 0 ? [] : await ports.workflows.startedBy(delivery.tenantId, trigger);
  await ports.events.record(delivery, events, workflows);
}

async function decideByClick(delivery: PendingDelivery, { calls, events, approvals }: DeliveryPorts): Promise<void> {
  const click = await read(() => calls.parseDecision(delivery));
  if (click === undefined) return events.finish(delivery, undefined);
  const { approvalId, decision, actor } = click;
  const outcome = await decide(approvals, {
    approvalId,
    decision,
    actor,
    tenantId: delivery.tenantId,
    via: { connectionId: delivery.connectionId },
  });
  return events.finish(delivery, { approvalId, decision, actor, ...outcome });
}

/** A click on an approval that is not there, or not for this person, has been answered: it is not tried again. */
async function decide(
  approvals: ApprovalDecider,
  click: Parameters<ApprovalDecider['decide']>[0],
): Promise<{ status: string; code?: string }> {
  if (!UUID.test(click.approvalId)) return { status: 'refused', code: 'APPROVAL_UNKNOWN' };
  try {
    const { status, code } = await approvals.decide(click);
    return code === undefined ? { status } : { status, code };
  } catch (error) {
    if (isConnectorError(error) && error.code.startsWith('APPROVAL_')) return { status: 'refused', code: error.code };
    throw error;
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function read<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new UnreadDelivery('connector code could not read the delivery', { cause });
  }
}

function requireKeys(events: readonly ParsedEvent[]): readonly ParsedEvent[] {
  for (const { eventKey } of events) {
    if (!isUsableEventKey(eventKey)) {
      const cause = new RuntimeError(
        'DELIVERY_UNPARSABLE',
        'the connector gave an event without a usable key: 1 to 512 characters, no U+0000',
      );
      throw new UnreadDelivery(cause.message, { cause });
    }
  }
  return events;
}
