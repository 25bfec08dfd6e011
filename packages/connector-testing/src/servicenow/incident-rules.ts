import type { Row } from './tables.ts';

/** The lookup that the vendor ships with ITSM: impact × urgency → priority. */
const priorityByImpactAndUrgency: Readonly<Record<string, string>> = {
  '1/1': '1',
  '1/2': '2',
  '1/3': '3',
  '2/1': '2',
  '2/2': '3',
  '2/3': '4',
  '3/1': '3',
  '3/2': '4',
  '3/3': '5',
};

/** Runs before an incident is stored, as the vendor's own rules do: a priority written by hand does not survive. */
export function applyIncidentRules(before: Row, after: Row): Row {
  const ruled = { ...after };
  const priority = priorityByImpactAndUrgency[`${after.impact}/${after.urgency}`];
  if (priority !== undefined) ruled.priority = priority;
  if (after.state !== before.state) ruled.incident_state = after.state ?? '';
  else if (after.incident_state !== before.incident_state) ruled.state = after.incident_state ?? '';
  ruled.active = ruled.state === '7' || ruled.state === '8' ? 'false' : 'true';
  const isReassigned =
    (after.assignment_group !== before.assignment_group && before.assignment_group !== '') ||
    (after.assigned_to !== before.assigned_to && before.assigned_to !== '');
  if (isReassigned) ruled.reassignment_count = String(Number(before.reassignment_count ?? '0') + 1);
  return ruled;
}
