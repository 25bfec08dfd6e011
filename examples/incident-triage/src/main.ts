import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Interrupted, tellStory } from './story.ts';
import { createTimeline } from './timeline.ts';

const HELP = `npm run demo -- [flags]

Tells the main job by doing it: an incident changes, a person approves in Slack, the incident is updated once.

  --deny    the person says no: nothing is written, the run ends denied
  --crash   kills the runtime while the run waits, and again right after a write was sent
  --json    ends with one JSON line on stdout; the story goes to stderr
  --keep    leaves everything running to look around, until Ctrl-C
  --help    this

DATABASE_URL, if set, is used instead of an embedded Postgres.
Exit code 0 when all was as promised, 1 when not, 2 for a flag that is none, 3 when the environment did not let it run.
`;

function readFlags() {
  const flag = { type: 'boolean', default: false } as const;
  return parseArgs({ options: { deny: flag, crash: flag, json: flag, keep: flag, help: flag } }).values;
}

async function main(flags: ReturnType<typeof readFlags>): Promise<number> {
  const timeline = createTimeline(flags.json ? process.stderr : process.stdout, Date.now());
  const folder = await mkdtemp(join(tmpdir(), 'incident-triage-'));
  // Postgres refuses to run as root and then runs as a user of its own, who must be able to reach its data below this folder.
  await chmod(folder, 0o711);
  const stop = new AbortController();
  // However often it is pressed: what was started is stopped once, in order.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  try {
    const { signal } = stop;
    const story = await tellStory({ folder, deny: flags.deny, crash: flags.crash, timeline, signal });
    const { report, runtime } = story;
    try {
      timeline.part(report.ok ? 'All was as promised' : 'Not as promised');
      for (const problem of report.problems) timeline.tell(problem);
      timeline.tell('incident', `${JSON.stringify(report.incident.before)} → ${JSON.stringify(report.incident.after)}`);
      timeline.tell(
        'audit',
        `${report.audit.entries} entries, ${report.audit.verified ? 'verified' : 'NOT verified'}: ${report.audit.url}`,
      );
      if (flags.json) process.stdout.write(`${JSON.stringify(report)}\n`);
      if (flags.keep) {
        timeline.part('Everything is still running; Ctrl-C ends it');
        timeline.tell('admin API', `${runtime.url}/admin/v1`);
        timeline.tell('its token, for this run only', runtime.adminToken);
        timeline.tell('for example', `curl -H 'Authorization: Bearer ${runtime.adminToken}' ${report.audit.url}`);
        timeline.tell('logs and data', folder);
        if (!signal.aborted) await once(signal, 'abort');
      }
      return report.ok ? 0 : 1;
    } finally {
      await story.end();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let flags: ReturnType<typeof readFlags> | undefined;
try {
  flags = readFlags();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  process.exitCode = 2;
}
if (flags?.help) process.stdout.write(HELP);
else if (flags) {
  process.exitCode = await main(flags).catch((error: unknown) => {
    if (error instanceof Interrupted) return 130;
    process.stderr.write(`The demo could not run: ${error instanceof Error ? error.message : String(error)}\n`);
    return 3;
  });
}
