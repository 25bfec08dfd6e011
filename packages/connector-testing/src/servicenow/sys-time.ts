/** ServiceNow writes times as `YYYY-MM-DD HH:mm:ss` in UTC. */
export function formatSysTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}

export function isSysTime(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text);
}

/** A stored time as a user in this zone is shown it. */
export function formatLocalTime(sysTime: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return parts.format(new Date(`${sysTime.replace(' ', 'T')}Z`));
}
