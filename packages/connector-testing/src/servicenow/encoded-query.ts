import { TestingError } from '../errors.ts';

const operators = ['ISNOTEMPTY', 'ISEMPTY', 'STARTSWITH', 'LIKE', 'IN', '!=', '>=', '<=', '=', '>', '<'] as const;

export type QueryOperator = (typeof operators)[number];

export interface QueryCondition {
  field: string;
  operator: QueryOperator;
  value: string;
}

export interface EncodedQuery {
  /** Every group must hold; a group holds when one of its conditions does (`^OR` binds to the condition before it). */
  groups: QueryCondition[][];
  order: { field: string; descending: boolean }[];
}

const clausePattern = new RegExp(`^([a-z0-9_.]+)(${operators.join('|')})(.*)$`, 's');

/**
 * Reads ServiceNow's encoded query (`sysparm_query`). Throws `QUERY_UNSUPPORTED` for an operator that the emulator does
 * not know: answering something plausible instead would hide a connector's mistake.
 */
export function parseEncodedQuery(text: string): EncodedQuery {
  const query: EncodedQuery = { groups: [], order: [] };
  // `^^` is the vendor's escape for a literal caret.
  const clauses = text
    .replaceAll('^^', '\0')
    .split('^')
    .map((clause) => clause.replaceAll('\0', '^'));
  for (const clause of clauses) {
    if (clause === '' || clause === 'EQ') continue;
    const order = /^ORDERBY(DESC)?([a-z0-9_.]+)$/.exec(clause);
    if (order) {
      query.order.push({ field: order[2] ?? '', descending: order[1] !== undefined });
      continue;
    }
    const isAlternative = clause.startsWith('OR');
    const condition = parseCondition(isAlternative ? clause.slice(2) : clause);
    const last = query.groups.at(-1);
    if (isAlternative && last) last.push(condition);
    else query.groups.push([condition]);
  }
  return query;
}

function parseCondition(clause: string): QueryCondition {
  const match = clausePattern.exec(clause);
  const field = match?.[1];
  const operator = operators.find((known) => known === match?.[2]);
  const value = match?.[3] ?? '';
  if (field === undefined || operator === undefined || value.startsWith('javascript:')) {
    throw new TestingError(
      'QUERY_UNSUPPORTED',
      `the emulator does not know this clause of sysparm_query; operators: ${operators.join(' ')}`,
      {
        details: { clause },
      },
    );
  }
  return { field, operator, value };
}

/** Whether a value satisfies a condition. Text is compared without case, as on the vendor's databases. */
export function matchesCondition(actual: string, { operator, value }: QueryCondition): boolean {
  const left = actual.toLowerCase();
  const right = value.toLowerCase();
  switch (operator) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case 'LIKE':
      return left.includes(right);
    case 'STARTSWITH':
      return left.startsWith(right);
    case 'IN':
      return right.split(',').some((item) => item.trim() === left);
    case 'ISEMPTY':
      return actual === '';
    case 'ISNOTEMPTY':
      return actual !== '';
    // A row without the value is in no range, as with NULL in SQL.
    case '>':
      return actual !== '' && compareValues(left, right) > 0;
    case '>=':
      return actual !== '' && compareValues(left, right) >= 0;
    case '<':
      return actual !== '' && compareValues(left, right) < 0;
    case '<=':
      return actual !== '' && compareValues(left, right) <= 0;
  }
}

/** Numbers by value, everything else (dates are `YYYY-MM-DD HH:mm:ss`) by text. */
export function compareValues(left: string, right: string): number {
  if (/^\d+$/.test(left) && /^\d+$/.test(right)) return Number(left) - Number(right);
  return left < right ? -1 : left > right ? 1 : 0;
}
