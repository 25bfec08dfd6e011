export type TableName =
  | 'incident'
  | 'sys_user'
  | 'sys_user_group'
  | 'sys_user_grmember'
  | 'sys_journal_field'
  | 'sys_choice';

/** A record as stored: every value is a string, a reference is the target's sys_id. */
export type Row = Record<string, string>;

export interface TableDefinition {
  columns: readonly string[];
  /** The column that stands for the record where it is referenced. */
  display: string;
  references: Readonly<Record<string, TableName>>;
  journals: readonly string[];
}

const systemColumns = [
  'sys_id',
  'sys_created_on',
  'sys_created_by',
  'sys_updated_on',
  'sys_updated_by',
  'sys_mod_count',
];

/** Columns of incident as in the vendor's example record (Table API reference, Apache-2.0). */
const incidentColumns =
  'active activity_due additional_assignee_list approval approval_history approval_set assigned_to assignment_group ' +
  'business_duration business_service business_stc calendar_duration calendar_stc caller_id category caused_by ' +
  'child_incidents close_code close_notes closed_at closed_by cmdb_ci comments comments_and_work_notes company ' +
  'contact_type correlation_display correlation_id delivery_plan delivery_task description due_date escalation ' +
  'expected_start follow_up group_list impact incident_state knowledge location made_sla notify number opened_at ' +
  'opened_by order parent parent_incident priority problem_id reassignment_count rejection_goto reopen_count ' +
  'resolved_at resolved_by rfc severity short_description sla_due state subcategory sys_class_name sys_domain ' +
  'sys_domain_path sys_tags time_worked upon_approval upon_reject urgency user_input watch_list wf_activity work_end ' +
  'work_notes work_notes_list work_start';

export const tables: Readonly<Record<TableName, TableDefinition>> = {
  incident: {
    columns: [...incidentColumns.split(' '), ...systemColumns],
    display: 'number',
    references: {
      assigned_to: 'sys_user',
      assignment_group: 'sys_user_group',
      caller_id: 'sys_user',
      closed_by: 'sys_user',
      opened_by: 'sys_user',
      parent_incident: 'incident',
      resolved_by: 'sys_user',
    },
    journals: ['work_notes', 'comments'],
  },
  sys_user: {
    columns: ['user_name', 'name', 'first_name', 'last_name', 'email', 'title', 'active', 'manager', ...systemColumns],
    display: 'name',
    references: { manager: 'sys_user' },
    journals: [],
  },
  sys_user_group: {
    columns: ['name', 'description', 'email', 'manager', 'active', 'type', ...systemColumns],
    display: 'name',
    references: { manager: 'sys_user' },
    journals: [],
  },
  sys_user_grmember: {
    columns: ['user', 'group', ...systemColumns],
    display: 'user',
    references: { user: 'sys_user', group: 'sys_user_group' },
    journals: [],
  },
  sys_journal_field: {
    columns: ['name', 'element', 'element_id', 'value', 'sys_id', 'sys_created_on', 'sys_created_by'],
    display: 'sys_id',
    references: {},
    journals: [],
  },
  sys_choice: {
    columns: ['name', 'element', 'value', 'label', 'language', 'sequence', 'inactive', ...systemColumns],
    display: 'label',
    references: {},
    journals: [],
  },
};

export function isTableName(name: string): name is TableName {
  return Object.hasOwn(tables, name);
}
