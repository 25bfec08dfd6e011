import type { TableStore } from './table-store.ts';
import { type Row, type TableName, tables } from './tables.ts';

export type DisplayMode = 'false' | 'true' | 'all';

export interface RecordFormat {
  baseUrl: string;
  display: DisplayMode;
  excludeReferenceLink: boolean;
  /** Empty: every column. May walk references: `assigned_to.name`. */
  fields: readonly string[];
}

type FieldValue = string | Record<string, string>;

/** A record as the Table API answers it under `sysparm_display_value`, `sysparm_fields` and `sysparm_exclude_reference_link`. */
export function formatRecord(
  store: TableStore,
  table: TableName,
  row: Row,
  format: RecordFormat,
): Record<string, FieldValue> {
  const fields = format.fields.length > 0 ? format.fields : tables[table].columns;
  const entries: [string, FieldValue][] = [];
  for (const field of fields) {
    const target = store.walk(table, row, field);
    if (target) entries.push([field, formatField(store, target, format)]);
    // A walk over an empty reference answers with an empty value; an unknown column is left out.
    else if (field.includes('.')) entries.push([field, '']);
  }
  return Object.fromEntries(entries);
}

function formatField(
  store: TableStore,
  at: { table: TableName; row: Row; column: string },
  format: RecordFormat,
): FieldValue {
  const raw = at.row[at.column] ?? '';
  const shown = store.displayValue(at.table, at.row, at.column);
  const target = tables[at.table].references[at.column];
  const isLinked = target !== undefined && raw !== '' && !format.excludeReferenceLink;
  const link = isLinked ? { link: `${format.baseUrl}/api/now/table/${target}/${raw}` } : {};
  if (format.display === 'all') return { display_value: shown, value: raw, ...link };
  if (format.display === 'true') return isLinked ? { display_value: shown, ...link } : shown;
  return isLinked ? { ...link, value: raw } : raw;
}
