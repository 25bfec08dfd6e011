import { randomBytes } from 'node:crypto';
import { compareValues, type EncodedQuery, matchesCondition } from './encoded-query.ts';
import { applyIncidentRules } from './incident-rules.ts';
import { blankRow, buildIncident, type ServiceNowState } from './seed.ts';
import { formatLocalTime, formatSysTime, isSysTime } from './sys-time.ts';
import { type Row, type TableName, tables } from './tables.ts';

export interface RecordChange {
  table: TableName;
  operation: 'insert' | 'update';
  row: Row;
  /** Columns whose value changed, journals among them, the system's own bookkeeping not. */
  changedFields: string[];
  /** Of those, the ones the writer asked for and that are no journals. */
  requestedFields: string[];
  journalEntries: number;
  userName: string;
}

interface FieldPlace {
  table: TableName;
  row: Row;
  column: string;
}

export interface TableStore {
  rows(table: TableName): Row[];
  find(table: TableName, sysId: string): Row | undefined;
  select(table: TableName, query: EncodedQuery): Row[];
  /** Where a possibly dot-walked column lives; undefined when the column is unknown or a reference on the way is empty. */
  walk(table: TableName, row: Row, path: string): FieldPlace | undefined;
  displayValue(table: TableName, row: Row, column: string): string;
  insert(table: TableName, values: Row, userName: string): RecordChange;
  /** An incident whose columns, the system's too, are as given. */
  create(values: Row, userName: string): RecordChange;
  /** `undefined`: every value was already there, so the platform writes nothing. */
  update(table: TableName, row: Row, values: Row, userName: string): RecordChange | undefined;
}

const journalLabels: Readonly<Record<string, string>> = { work_notes: 'Work notes', comments: 'Additional comments' };

/** Reads and writes the emulator's tables by the platform's rules. `state` is asked for each time because reset replaces it. */
export function createTableStore(state: () => ServiceNowState, clock: () => number, timeZone = 'UTC'): TableStore {
  const rows = (table: TableName) => state().tables[table];
  const find = (table: TableName, sysId: string) => rows(table).find((row) => row.sys_id === sysId);

  const walk: TableStore['walk'] = (table, row, path) => {
    const [column = '', ...rest] = path.split('.');
    if (!tables[table].columns.includes(column)) return undefined;
    if (rest.length === 0) return { table, row, column };
    const target = tables[table].references[column];
    const next = target && find(target, row[column] ?? '');
    return target && next ? walk(target, next, rest.join('.')) : undefined;
  };

  const journalText = (row: Row, elements: readonly string[]) =>
    rows('sys_journal_field')
      .filter((entry) => entry.element_id === row.sys_id && elements.includes(entry.element ?? ''))
      .reverse()
      .map((entry) => {
        const author = rows('sys_user').find((user) => user.user_name === entry.sys_created_by)?.name;
        const label = journalLabels[entry.element ?? ''] ?? '';
        return `${entry.sys_created_on} - ${author ?? entry.sys_created_by} (${label})\n${entry.value}\n\n`;
      })
      .join('');

  const displayValue: TableStore['displayValue'] = (table, row, column) => {
    const raw = row[column] ?? '';
    if (table === 'incident' && column === 'comments_and_work_notes') return journalText(row, tables.incident.journals);
    if (tables[table].journals.includes(column)) return journalText(row, [column]);
    const target = tables[table].references[column];
    if (target) {
      const referenced = find(target, raw);
      return referenced ? displayValue(target, referenced, tables[target].display) : '';
    }
    if (isSysTime(raw)) return formatLocalTime(raw, timeZone);
    const choice = rows('sys_choice').find((c) => c.name === table && c.element === column && c.value === raw);
    return choice?.label ?? raw;
  };

  const writable = (table: TableName, values: Row) =>
    Object.entries(values).filter(([column]) => tables[table].columns.includes(column) && !column.startsWith('sys_'));

  const addJournal = (table: TableName, row: Row, element: string, value: string, userName: string) => {
    rows('sys_journal_field').push({
      name: table,
      element,
      element_id: row.sys_id ?? '',
      value,
      sys_id: newSysId(),
      sys_created_on: formatSysTime(clock()),
      sys_created_by: userName,
    });
  };

  const write = (table: TableName, operation: RecordChange['operation'], row: Row, values: Row, userName: string) => {
    const before = { ...row };
    const wanted = writable(table, values);
    const journals = wanted.filter(([column, value]) => tables[table].journals.includes(column) && value !== '');
    const fields = wanted.filter(([column]) => !tables[table].journals.includes(column));
    const proposed = { ...row, ...Object.fromEntries(fields) };
    Object.assign(row, table === 'incident' ? applyIncidentRules(before, proposed) : proposed);
    for (const [element, value] of journals) addJournal(table, row, element, value, userName);
    const changed = tables[table].columns.filter((column) => row[column] !== before[column]);
    const requested = changed.filter((column) => fields.some(([name]) => name === column));
    const changedFields = [...changed, ...journals.map(([element]) => element)];
    return {
      table,
      operation,
      row,
      changedFields,
      requestedFields: requested,
      journalEntries: journals.length,
      userName,
    };
  };

  return {
    rows,
    find,
    walk,
    displayValue,
    select(table, query) {
      // The platform ignores a condition on a column that does not exist, and then returns more than was asked for.
      const groups = query.groups
        .map((group) => group.filter(({ field }) => isColumnPath(table, field)))
        .filter((group) => group.length > 0);
      const read = (row: Row, path: string) => {
        const place = walk(table, row, path);
        return place?.row[place.column] ?? '';
      };
      const found = rows(table).filter((row) =>
        groups.every((group) => group.some((condition) => matchesCondition(read(row, condition.field), condition))),
      );
      return found.sort((a, b) => {
        for (const { field, descending } of query.order) {
          const order = compareValues(read(a, field), read(b, field));
          if (order !== 0) return descending ? -order : order;
        }
        return 0;
      });
    },
    insert(table, values, userName) {
      const now = formatSysTime(clock());
      const row: Row = { ...blankRow(table), sys_id: newSysId(), sys_created_on: now, sys_created_by: userName };
      if (tables[table].columns.includes('sys_mod_count')) {
        Object.assign(row, { sys_updated_on: now, sys_updated_by: userName, sys_mod_count: '0' });
      }
      if (table === 'incident') Object.assign(row, { number: nextIncidentNumber(rows('incident')), opened_at: now });
      rows(table).push(row);
      return write(table, 'insert', row, values, userName);
    },
    create(values, userName) {
      const row = buildIncident(
        { sys_id: newSysId(), number: nextIncidentNumber(rows('incident')), ...values },
        clock(),
      );
      rows('incident').push(row);
      const changedFields = Object.keys(values).filter((column) => !column.startsWith('sys_'));
      const facts = { requestedFields: changedFields, changedFields, journalEntries: 0, userName };
      return { table: 'incident', operation: 'insert', row, ...facts };
    },
    update(table, row, values, userName) {
      const change = write(table, 'update', row, values, userName);
      if (change.changedFields.length === 0) return undefined;
      row.sys_updated_on = formatSysTime(clock());
      row.sys_updated_by = userName;
      row.sys_mod_count = String(Number(row.sys_mod_count ?? '0') + 1);
      return change;
    },
  };
}

function isColumnPath(table: TableName, path: string): boolean {
  const [column = '', ...rest] = path.split('.');
  if (!tables[table].columns.includes(column)) return false;
  const target = tables[table].references[column];
  return rest.length === 0 || (target !== undefined && isColumnPath(target, rest.join('.')));
}

function newSysId(): string {
  return randomBytes(16).toString('hex');
}

function nextIncidentNumber(incidents: readonly Row[]): string {
  const highest = Math.max(0, ...incidents.map((row) => Number(/^INC(\d+)$/.exec(row.number ?? '')?.[1] ?? 0)));
  return `INC${String(highest + 1).padStart(7, '0')}`;
}
