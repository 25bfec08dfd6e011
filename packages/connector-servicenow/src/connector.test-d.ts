import type { ActionInput, ActionName, ActionOutput, TriggerEvent } from '@org/connector-sdk';
import './index.ts';

const name: ActionName = 'servicenow.get-incident';
const byNumber: ActionInput<'servicenow.get-incident'> = { number: 'INC0010001' };
// @ts-expect-error not an action of this connector
const unknownAction: ActionName = 'servicenow.delete-incident';
// @ts-expect-error sysId or number
const byNothing: ActionInput<'servicenow.get-incident'> = {};
// @ts-expect-error a level is 1 to 3
const level: ActionInput<'servicenow.update-priority'> = { sysId: '', impact: '4', urgency: '1' };

export function readsTyped(
  output: ActionOutput<'servicenow.get-incident'>,
  event: TriggerEvent<'servicenow.incident-changed'>,
) {
  const group: string | undefined = output.assignmentGroup?.name;
  const modCount: number = event.modCount;
  // @ts-expect-error no such field
  return [group, modCount, output.assignee];
}

export const seen: unknown[] = [name, byNumber, unknownAction, byNothing, level];
