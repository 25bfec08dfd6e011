import { ActionError } from '@org/connector-sdk';
import * as z from 'zod';

/** A record's own id: 32 hexadecimal digits. Anything else would be read as a query or a path. */
export const sysId = z.string().regex(/^[0-9a-f]{32}$/);

/** `INC0010001`: the table's prefix and digits. */
export const recordNumber = z.string().regex(/^[A-Z]{2,10}\d{4,12}$/);

/** The value of a choice field, such as `software`. */
export const choiceValue = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[^^\p{Cc}]+$/u);

/**
 * A value as part of an encoded query. `^` separates conditions and `javascript:` is run by the instance, so neither passes.
 *
 * @throws ActionError `SERVICENOW_VALUE_REFUSED`
 */
export function queryValue(value: string): string {
  if (value === '' || value.length > 100 || !/^[\w .:[\]-]+$/.test(value) || /javascript:/i.test(value)) {
    throw new ActionError(
      'SERVICENOW_VALUE_REFUSED',
      'a value may not stand in a ServiceNow query: use ids and numbers',
    );
  }
  return value;
}
