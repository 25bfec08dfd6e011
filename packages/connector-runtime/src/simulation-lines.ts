import type { z } from 'zod';
import type { policyAnswers } from './http/admin/policy-answers.ts';

type Simulation = z.infer<typeof policyAnswers.simulation>;
type Word = Simulation['actions'][number]['now'];

/** A simulation for people: a table of decisions, and one of what ran. `all`: also what stays as it is. */
export function simulationLines({ actions, omittedActions, changes, history }: Simulation, all: boolean): string[] {
  const rows = actions
    .filter(({ change }) => all || change !== 'none')
    .map(({ action, risk, workflow, connection, now, proposed, change }) => [
      ...[action, risk, workflow, connection],
      ...[shown(now), change === 'none' ? '' : shown(proposed), change === 'none' ? '' : change],
    ]);
  const lines = [
    ...table(['action', 'risk', 'workflow', 'connection', 'now', 'proposed', ''], rows),
    `${actions.length} decisions: ${counted(changes)}`,
  ];
  if (omittedActions > 0)
    lines.push(`${omittedActions} more were not looked at: name a workspace, connector or workflow`);
  return history === null ? lines : [...lines, '', ...historyLines(history, all)];
}

function historyLines(history: NonNullable<Simulation['history']>, all: boolean): string[] {
  const rows = history.groups
    .filter(({ change }) => all || change !== 'none')
    .map(({ action, workflow, connectionName, invocations, decided, now, proposed, change }) => [
      ...[action, workflow, connectionName, String(invocations)],
      `${decided.allowed} allowed, ${decided.approval} by approval, ${decided.denied} denied`,
      ...[shown(now), change === 'none' ? '' : shown(proposed), change === 'none' ? '' : change],
    ]);
  const lines = [
    ...table(['action', 'workflow', 'connection', 'ran', 'decided', 'now', 'proposed', ''], rows),
    `${history.invocations} invocations since ${history.since}: ${counted(history.changes)}`,
  ];
  if (history.unjudged > 0)
    lines.push(
      `${history.unjudged} of them were not judged: nothing enabled has their action, or they are of too many kinds`,
    );
  for (const { runId, stepKey, action, at, change } of history.changed) {
    lines.push(`  ${at}  ${action}  ${change}  run ${runId}, step ${stepKey}`);
  }
  if (history.next !== null) lines.push('  and more: ask the API for the next page');
  return lines;
}

function counted({ loosened, tightened, rerouted }: Simulation['changes']): string {
  return `${loosened} loosened, ${tightened} tightened, ${rerouted} asked of others`;
}

function shown({ effect, rule, policyIds }: Word): string {
  return `${effect}${rule === null ? '' : ` by ${rule}`} (${policyIds.join(', ')})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
