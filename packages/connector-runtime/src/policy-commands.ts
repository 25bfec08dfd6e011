import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { z } from 'zod';
import { createAdminClient } from './admin-client.ts';
import { policyAnswers } from './http/admin/policy-answers.ts';
import { simulationLines } from './simulation-lines.ts';
import { RuntimeError } from './types/errors.ts';

export interface PolicyFlags {
  readonly url?: string;
  readonly tokenEnv: string;
  readonly tenant: string;
  readonly workspace?: string;
  readonly json?: true;
  readonly version?: string;
  readonly expectVersion?: string;
  readonly connector?: string;
  readonly digest?: string;
  readonly workflow?: string;
  readonly days?: string;
  readonly all?: true;
  readonly failOn?: 'loosened' | 'changed';
}

const { policy, policyVersion, policyWarnings, policySchema, simulation } = policyAnswers;
const written = z.object({ policy, warnings: policyWarnings });

/** The text alone goes to standard output, so that it can be edited and set again. */
export async function showPolicy(flags: PolicyFlags): Promise<void> {
  const query = scopeQuery(flags, flags.version === undefined ? {} : { version: flags.version });
  const answer = z
    .object({ policy: policy.nullable() })
    .parse(await createAdminClient(flags).request('GET', `${pathOf(flags)}${query}`));
  if (flags.json) return write(JSON.stringify(answer.policy));
  if (answer.policy === null) return note('there is no text: the default policies decide');
  note(describe(answer.policy));
  write(answer.policy.text);
}

export async function showPolicySchema(flags: PolicyFlags): Promise<void> {
  const answer = policySchema.parse(await createAdminClient(flags).request('GET', `${pathOf(flags)}/schema`));
  write(flags.json ? JSON.stringify(answer.json) : answer.cedar);
}

export async function validatePolicy(file: string, flags: PolicyFlags): Promise<void> {
  const request = { ...scopeOf(flags), text: await readText(file) };
  const answer = z
    .object({ warnings: policyWarnings })
    .parse(await createAdminClient(flags).request('POST', `${pathOf(flags)}/validate`, request));
  if (flags.json) return write(JSON.stringify(answer));
  warn(answer.warnings);
  write('valid');
}

/** Throws `POLICY_ALTERS` for what `--fail-on` names. */
export async function simulatePolicy(file: string | undefined, flags: PolicyFlags): Promise<void> {
  const { connector, digest, workflow } = flags;
  const days = flags.days === undefined ? undefined : wholeNumber('--days', flags.days);
  const request = {
    ...scopeOf(flags),
    ...{ connector, digest, workflow, days },
    ...(file === undefined ? {} : { text: await readText(file) }),
  };
  const answer = simulation.parse(await createAdminClient(flags).request('POST', `${pathOf(flags)}/simulate`, request));
  if (flags.json) write(JSON.stringify(answer));
  else {
    warn(answer.warnings);
    for (const line of simulationLines(answer, flags.all === true)) write(line);
  }
  if (flags.failOn !== undefined) requireUnaltered(answer, flags.failOn);
}

export async function setPolicy(file: string, flags: PolicyFlags): Promise<void> {
  const request = { ...scopeOf(flags), ...expectedOf(flags), text: await readText(file) };
  report(await createAdminClient(flags).request('PUT', pathOf(flags), request), flags);
}

export async function rollbackPolicy(version: string, flags: PolicyFlags): Promise<void> {
  const request = { ...scopeOf(flags), ...expectedOf(flags), version: wholeNumber('the version', version) };
  report(await createAdminClient(flags).request('POST', `${pathOf(flags)}/rollback`, request), flags);
}

export async function listPolicyVersions(flags: PolicyFlags): Promise<void> {
  const path = `${pathOf(flags)}/versions${scopeQuery(flags)}`;
  const { versions } = z
    .object({ versions: z.array(policyVersion) })
    .parse(await createAdminClient(flags).request('GET', path));
  if (flags.json) return write(JSON.stringify(versions));
  for (const version of versions) write(describe(version));
}

/** Other people being asked may be fewer or anybody: it counts as loosened. So does what was not looked at. */
function requireUnaltered(answer: z.infer<typeof simulation>, failOn: 'loosened' | 'changed'): void {
  const { changes, history, omittedActions } = answer;
  const kinds =
    failOn === 'loosened' ? (['loosened', 'rerouted'] as const) : (['loosened', 'tightened', 'rerouted'] as const);
  const altered = kinds.reduce((sum, kind) => sum + changes[kind] + (history?.changes[kind] ?? 0), 0);
  if (altered > 0) {
    throw new RuntimeError('POLICY_ALTERS', `${altered} decisions would be ${kinds.join(' or ')}`);
  }
  if (omittedActions > 0) {
    throw new RuntimeError(
      'POLICY_ALTERS',
      `${omittedActions} more decisions were not looked at: name a --workspace, --connector or --workflow`,
    );
  }
}

function report(answer: unknown, flags: PolicyFlags): void {
  const done = written.parse(answer);
  warn(done.warnings);
  write(flags.json ? JSON.stringify(done) : describe(done.policy));
}

function describe({ version, setBy, setAt, restores, textDigest }: z.infer<typeof policyVersion>): string {
  const what = restores === null ? `version ${version}` : `version ${version}, which restores ${restores}`;
  return `${what}  by ${setBy}  at ${setAt}  ${textDigest}`;
}

function warn(warnings: z.infer<typeof policyWarnings>): void {
  for (const { message } of warnings) note(`warning: ${message}`);
}

const scopeOf = ({ workspace }: PolicyFlags) => (workspace === undefined ? {} : { workspaceId: workspace });

const expectedOf = ({ expectVersion }: PolicyFlags) =>
  expectVersion === undefined ? {} : { expectedVersion: wholeNumber('--expect-version', expectVersion) };

function pathOf({ tenant }: PolicyFlags): string {
  return `/tenants/${encodeURIComponent(tenant)}/policy`;
}

function scopeQuery(flags: PolicyFlags, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ ...scopeOf(flags), ...more }).toString();
  return query === '' ? '' : `?${query}`;
}

function wholeNumber(what: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new RuntimeError('CONFIG_INVALID', `${what} is a whole number`);
}

async function readText(file: string): Promise<string> {
  try {
    return file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    throw new RuntimeError('CONFIG_MISSING', `${file} can't be read: give a file of Cedar policies`, { cause });
  }
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
