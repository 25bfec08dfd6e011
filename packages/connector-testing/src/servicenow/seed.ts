import { createHash } from 'node:crypto';
import { TestingError } from '../errors.ts';
import { applyIncidentRules } from './incident-rules.ts';
import { formatSysTime } from './sys-time.ts';
import { isTableName, type Row, type TableName, tables } from './tables.ts';

/** Rows per table; a table that is given replaces the default one. Missing columns are empty, a missing sys_id is derived. */
export type ServiceNowSeed = Partial<Record<TableName, Row[]>>;

export interface ServiceNowState {
  tables: Record<TableName, Row[]>;
}

export const integrationUserName = 'connector.integration';

const users: Row[] = [
  { user_name: 'beth.anglin', name: 'Beth Anglin', email: 'beth.anglin@example.com', title: 'Service desk lead' },
  { user_name: 'david.loo', name: 'David Loo', email: 'david.loo@example.com', title: 'Payments engineer' },
  { user_name: 'kim.porter', name: 'Kim Porter', email: 'kim.porter@example.com', title: 'Network engineer' },
];

const groups: Row[] = [
  { name: 'Service Desk', description: 'First line', email: 'service-desk@example.com' },
  { name: 'Payments', description: 'Owns the payment services', email: 'payments@example.com' },
  { name: 'Network', description: 'Owns the network', email: 'network@example.com' },
];

const incidents: Row[] = [
  {
    number: 'INC0010001',
    short_description: 'Checkout answers 502 since the last release',
    description: 'Customers cannot pay by card. It began minutes after the last release of payments-api.',
    category: 'inquiry',
    impact: '2',
    urgency: '2',
    caller_id: seedSysId('sys_user', 'beth.anglin'),
  },
  {
    number: 'INC0010002',
    short_description: 'Office wifi drops every few minutes',
    category: 'network',
    impact: '3',
    urgency: '3',
    assignment_group: seedSysId('sys_user_group', 'Network'),
    assigned_to: seedSysId('sys_user', 'kim.porter'),
    caller_id: seedSysId('sys_user', 'beth.anglin'),
  },
];

const choices: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  [
    'category',
    { inquiry: 'Inquiry / Help', software: 'Software', hardware: 'Hardware', network: 'Network', database: 'Database' },
  ],
  ['impact', { 1: '1 - High', 2: '2 - Medium', 3: '3 - Low' }],
  ['urgency', { 1: '1 - High', 2: '2 - Medium', 3: '3 - Low' }],
  ['priority', { 1: '1 - Critical', 2: '2 - High', 3: '3 - Moderate', 4: '4 - Low', 5: '5 - Planning' }],
  ['state', { 1: 'New', 2: 'In Progress', 3: 'On Hold', 6: 'Resolved', 7: 'Closed', 8: 'Canceled' }],
];

const defaults: Required<ServiceNowSeed> = {
  incident: incidents,
  sys_user: users,
  sys_user_group: groups,
  sys_user_grmember: [
    { user: seedSysId('sys_user', 'beth.anglin'), group: seedSysId('sys_user_group', 'Service Desk') },
    { user: seedSysId('sys_user', 'david.loo'), group: seedSysId('sys_user_group', 'Payments') },
    { user: seedSysId('sys_user', 'kim.porter'), group: seedSysId('sys_user_group', 'Network') },
  ],
  sys_journal_field: [],
  sys_choice: choices.flatMap(([element, labels]) =>
    Object.entries(labels).map(([value, label], index) => ({
      name: 'incident',
      element,
      value,
      label,
      language: 'en',
      sequence: String(index),
      inactive: 'false',
    })),
  ),
};

const incidentDefaults: Row = {
  impact: '3',
  urgency: '3',
  priority: '5',
  state: '1',
  incident_state: '1',
  active: 'true',
  severity: '3',
  reassignment_count: '0',
  sys_class_name: 'incident',
  contact_type: 'phone',
};

/** The sys_id that a seeded row without one gets: user_name, group name, incident number and so on decide it. */
export function seedSysId(table: TableName, key: string): string {
  return createHash('sha256').update(`${table}:${key}`).digest('hex').slice(0, 32);
}

/** A new incident's values before anything is written to it. */
export function blankRow(table: TableName): Row {
  const empty = Object.fromEntries(tables[table].columns.map((column) => [column, '']));
  if (table === 'incident') return { ...empty, ...incidentDefaults };
  return tables[table].columns.includes('active') ? { ...empty, active: 'true' } : empty;
}

/** The state to start from, and to return to on reset. Throws `SEED_INVALID` for an unknown table or column. */
export function buildServiceNowState(seed: ServiceNowSeed, integrationUser: string, now: string): ServiceNowState {
  for (const name of Object.keys(seed)) {
    if (!isTableName(name))
      throw new TestingError('SEED_INVALID', `the emulator has no table "${name}"`, { details: { table: name } });
  }
  const build = (table: TableName) =>
    (seed[table] ?? defaults[table]).map((row, index) => buildRow(table, row, index, now));
  const state: ServiceNowState = {
    tables: {
      incident: build('incident'),
      sys_user: build('sys_user'),
      sys_user_group: build('sys_user_group'),
      sys_user_grmember: build('sys_user_grmember'),
      sys_journal_field: build('sys_journal_field'),
      sys_choice: build('sys_choice'),
    },
  };
  if (!state.tables.sys_user.some((user) => user.user_name === integrationUser)) {
    const user = { user_name: integrationUser, name: 'Connector Integration', email: 'connector@example.com' };
    state.tables.sys_user.push(buildRow('sys_user', user, 0, now));
  }
  return state;
}

/** An incident that came to be at `now`, with the columns that are given. Throws `SEED_INVALID`. */
export function buildIncident(fields: Row, now: number): Row {
  return buildRow('incident', fields, 0, formatSysTime(now));
}

function buildRow(table: TableName, row: Row, index: number, now: string): Row {
  const stray = Object.keys(row).find((column) => !tables[table].columns.includes(column));
  if (stray !== undefined)
    throw new TestingError('SEED_INVALID', `table ${table} has no column "${stray}"`, {
      details: { table, column: stray },
    });
  const key = row.user_name ?? row.number ?? (table === 'sys_choice' ? undefined : row.name) ?? String(index);
  const built: Row = {
    ...blankRow(table),
    sys_created_on: now,
    sys_created_by: 'admin',
    sys_id: seedSysId(table, key),
    ...(table === 'sys_journal_field' ? {} : { sys_updated_on: now, sys_updated_by: 'admin', sys_mod_count: '0' }),
  };
  if (table === 'incident') Object.assign(built, { opened_at: now });
  const seeded = { ...built, ...row };
  return table === 'incident' ? applyIncidentRules(seeded, seeded) : seeded;
}
