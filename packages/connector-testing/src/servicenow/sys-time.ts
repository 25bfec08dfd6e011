/** ServiceNow writes times as `YYYY-MM-DD HH:mm:ss` in UTC. */
export function formatSysTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}
