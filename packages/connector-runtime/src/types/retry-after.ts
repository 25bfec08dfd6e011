/** `Retry-After` in milliseconds from now, seconds or a date (RFC 9110, 10.2.3); undefined when there is none to go by. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  // A date begins with the name of a day: `Date.parse` takes much else, such as "-1" and "1.5", for one.
  const at = /^[A-Z][a-z]{2,8}, /.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
