import * as z from 'zod';

/** A moment as GitHub gives it, in UTC and whole seconds: deliveries and the API must spell one moment alike. */
export const moment = z.iso.datetime({ offset: true }).transform((text) => formatMoment(Date.parse(text)));

/** `2026-03-01T12:00:00Z`: the form in which GitHub writes moments. */
export function formatMoment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
