import type { EmulatorControl } from '@org/connector-testing';
import type { IncidentFields } from './report.ts';

/** The incident as ServiceNow holds it. */
export async function readIncident(control: EmulatorControl, number: string): Promise<IncidentFields> {
  const [row, journal] = await Promise.all([control.servicenow.incident(number), control.servicenow.journal(number)]);
  return {
    assignmentGroup: row.assignment_group ?? '',
    assignedTo: row.assigned_to ?? '',
    priority: row.priority ?? '',
    workNotes: journal.filter(({ element }) => element === 'work_notes').length,
  };
}
