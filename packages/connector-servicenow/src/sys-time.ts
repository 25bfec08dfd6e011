/** ServiceNow's raw time (`2016-01-22 14:12:37`, always UTC) as ISO 8601; undefined when it is none. */
export function parseSysTime(text: string): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/.exec(text);
  if (!match) return undefined;
  const iso = `${match[1]}T${match[2]}.000Z`;
  const time = new Date(iso);
  // `2016-02-31` would be moved into March.
  return Number.isNaN(time.getTime()) || time.toISOString() !== iso ? undefined : iso;
}

/** The same moment as ServiceNow writes it. */
export function formatSysTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ');
}
