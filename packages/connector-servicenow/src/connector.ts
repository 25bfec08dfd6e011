import { defineConnector } from '@org/connector-sdk';
import { addWorkNote } from './actions/add-work-note.ts';
import { getIncident } from './actions/get-incident.ts';
import { updateAssignment } from './actions/update-assignment.ts';
import { updateCategory } from './actions/update-category.ts';
import { updatePriority } from './actions/update-priority.ts';
import { connection } from './connection.ts';
import { incidentChanged } from './triggers/incident-changed.ts';

const servicenow = defineConnector({
  id: 'servicenow',
  publisher: 'org',
  title: 'ServiceNow',
  description:
    'Reads incidents, changes their assignment, category and priority, adds work notes, and tells of changes.',
  engines: { runtime: '>=0.0.0 <1.0.0' },
  scopes: {
    'incident.read': {
      title: 'Read incidents',
      description: 'Read incidents, and who belongs to which group.',
      provider: ['sn_incident_read', 'read: incident, sys_user_grmember'],
    },
    'incident.write': {
      title: 'Change incidents',
      description: 'Change assignment, category, impact and urgency of incidents, and add work notes.',
      provider: ['sn_incident_write', 'write: incident'],
    },
    'journal.read': {
      title: 'Read the journal',
      description: 'Find out whether a work note was written when the answer was lost.',
      provider: ['read: sys_journal_field'],
    },
  },
  connection,
  actions: {
    'get-incident': getIncident,
    'update-assignment': updateAssignment,
    'update-category': updateCategory,
    'update-priority': updatePriority,
    'add-work-note': addWorkNote,
  },
  triggers: { 'incident-changed': incidentChanged },
});

export default servicenow;
