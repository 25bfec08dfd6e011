import type { EmulatorContext } from 'emulate';
import { TestingError } from '../errors.ts';
import { parseEncodedQuery } from './encoded-query.ts';
import { formatPageLinks } from './page-links.ts';
import { type DisplayMode, formatRecord, type RecordFormat } from './record-format.ts';
import type { RecordChange, TableStore } from './table-store.ts';
import { isTableName, type Row, type TableName, tables } from './tables.ts';
import { refusals } from './vendor-replies.ts';

type App = EmulatorContext<object>['app'];

export interface TableApiPorts {
  store: TableStore;
  baseUrl: string;
  /** The user_name behind the Authorization header; undefined refuses the request. */
  authenticate(authorization: string | undefined): string | undefined;
  /** An ACL keeps the row from the integration user. */
  isHidden(row: Row): boolean;
  /** Milliseconds since the epoch: the instance's own time, which its answers carry. */
  clock(): number;
  onRead(): void;
  onWrite(change: RecordChange): void;
}

/** Registers the vendor's Table API (`/api/now/table`) on an emulator's app. */
export function registerTableApi(app: App, ports: TableApiPorts): void {
  const { store } = ports;
  const bound = async (
    request: { raw: Request; url: string; method: string },
    params: { table: string; sysId?: string },
  ): Promise<Response> => {
    const userName = ports.authenticate(request.raw.headers.get('authorization') ?? undefined);
    if (userName === undefined) return refusals.notAuthenticated();
    if (!isTableName(params.table)) return refusals.unknownTable(params.table);
    const call = { table: params.table, url: new URL(request.url), userName };
    const row = params.sysId === undefined ? undefined : store.find(params.table, params.sysId);
    if (params.sysId !== undefined && (!row || ports.isHidden(row))) return refusals.notFound();
    switch (request.method) {
      case 'GET':
        return row ? readOne(ports, call, row) : readList(ports, call);
      case 'POST':
        return row ? refusals.methodNotSupported() : writeRecord(ports, call, undefined, request.raw);
      case 'PATCH':
      case 'PUT':
        return row ? writeRecord(ports, call, row, request.raw) : refusals.methodNotSupported();
      default:
        return refusals.methodNotSupported();
    }
  };
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    app.on(method, '/api/now/table/:table', (c) => bound(c.req, { table: c.req.param('table') }));
    app.on(method, '/api/now/table/:table/:sysId', (c) =>
      bound(c.req, { table: c.req.param('table'), sysId: c.req.param('sysId') }),
    );
  }
}

/** The one script in a query that is run: who asks. */
const CALLER = 'javascript:gs.getUserName()';

interface Call {
  table: TableName;
  url: URL;
  userName: string;
}

function readOne(ports: TableApiPorts, call: Call, row: Row): Response {
  ports.onRead();
  return Response.json({ result: formatRecord(ports.store, call.table, row, readFormat(call.url, ports.baseUrl)) });
}

function readList(ports: TableApiPorts, { table, url, userName }: Call): Response {
  const limit = readCount(url, 'sysparm_limit', 10_000);
  const offset = readCount(url, 'sysparm_offset', 0);
  if (limit === undefined || offset === undefined) {
    return refusals.badRequest(
      'Pagination not supported',
      'sysparm_limit and sysparm_offset must be non-negative integers',
    );
  }
  let rows: Row[];
  try {
    rows = ports.store.select(table, parseEncodedQuery(readQuery(table, url).replaceAll(CALLER, userName)));
  } catch (error) {
    if (error instanceof TestingError && error.code === 'QUERY_UNSUPPORTED') {
      return refusals.badRequest('Invalid query', error.message);
    }
    throw error;
  }
  ports.onRead();
  const format = readFormat(url, ports.baseUrl);
  // ACLs are asked after the page was cut, and what they hide is counted: a page may be short, or empty, in the middle.
  const visible = rows.slice(offset, offset + limit).filter((row) => !ports.isHidden(row));
  const page = visible.map((row) => formatRecord(ports.store, table, row, format));
  const links = formatPageLinks(new URL(url.pathname + url.search, ports.baseUrl), {
    limit,
    offset,
    total: rows.length,
  });
  const isLinked = links !== undefined && url.searchParams.get('sysparm_suppress_pagination_header') !== 'true';
  const isCounted = url.searchParams.get('sysparm_no_count') !== 'true';
  const headers = {
    Date: new Date(ports.clock()).toUTCString(),
    ...(isCounted ? { 'X-Total-Count': String(rows.length) } : {}),
    ...(isLinked ? { Link: links } : {}),
  };
  return Response.json({ result: page }, { headers });
}

async function writeRecord(ports: TableApiPorts, call: Call, row: Row | undefined, raw: Request): Promise<Response> {
  const values = parseValues(await raw.text());
  if (!values)
    return refusals.badRequest('Exception while reading request', 'The payload is not a JSON object of strings');
  const byDisplay = call.url.searchParams.get('sysparm_input_display_value') === 'true';
  const wanted = byDisplay ? resolveDisplayValues(ports.store, call.table, values) : values;
  const change = row
    ? ports.store.update(call.table, row, wanted, call.userName)
    : ports.store.insert(call.table, wanted, call.userName);
  if (change) ports.onWrite(change);
  const stored = row ?? change?.row;
  if (!stored) return refusals.notFound();
  const result = formatRecord(ports.store, call.table, stored, readFormat(call.url, ports.baseUrl));
  const location = `${ports.baseUrl}/api/now/table/${call.table}/${stored.sys_id}`;
  return Response.json({ result }, row ? { status: 200 } : { status: 201, headers: { Location: location } });
}

/** Values as the platform stores them: everything becomes text. */
function parseValues(body: string): Row | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const entries = Object.entries(parsed);
  const isFlat = entries.every(([, value]) => value === null || typeof value !== 'object');
  return isFlat
    ? Object.fromEntries(entries.map(([name, value]) => [name, value === null ? '' : String(value)]))
    : undefined;
}

function resolveDisplayValues(store: TableStore, table: TableName, values: Row): Row {
  return Object.fromEntries(
    Object.entries(values).map(([column, value]) => {
      const target = tables[table].references[column];
      if (target) {
        const match = store.rows(target).find((row) => row[tables[target].display] === value);
        return [column, match?.sys_id ?? value];
      }
      const choice = store
        .rows('sys_choice')
        .find((c) => c.name === table && c.element === column && c.label === value);
      return [column, choice?.value ?? value];
    }),
  );
}

function readFormat(url: URL, baseUrl: string): RecordFormat {
  const asked = url.searchParams.get('sysparm_display_value');
  const display: DisplayMode = asked === 'true' || asked === 'all' ? asked : 'false';
  const fields = (url.searchParams.get('sysparm_fields') ?? '')
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '');
  const excludeReferenceLink = url.searchParams.get('sysparm_exclude_reference_link') === 'true';
  return { baseUrl, display, fields, excludeReferenceLink };
}

/** `sysparm_query`, and the vendor's short form: a parameter named like a column must equal its value. */
function readQuery(table: TableName, url: URL): string {
  const equalities = [...url.searchParams]
    .filter(([name]) => tables[table].columns.includes(name))
    .map(([name, value]) => `${name}=${value.replaceAll('^', '^^')}`);
  return [url.searchParams.get('sysparm_query') ?? '', ...equalities].filter((part) => part !== '').join('^');
}

function readCount(url: URL, name: string, fallback: number): number | undefined {
  const text = url.searchParams.get(name);
  if (text === null || text === '') return fallback;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
