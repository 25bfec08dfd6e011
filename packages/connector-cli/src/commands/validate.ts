import { resolve } from 'node:path';
import { type Profile, selectRules } from '@org/connector-sdk/validation';
import { CliError } from '../errors.ts';
import { EXIT_ENVIRONMENT, EXIT_FINDINGS, EXIT_PASS } from '../exit-code.ts';
import { refuseOverwrite, writeOutput } from '../files.ts';
import { type CheckReport, summarize, summaryLine } from '../formats/check-report.ts';
import { type FormatName, formats } from '../formats/format.ts';
import type { Report, Terminal } from '../terminal.ts';
import type { CheckedManifest } from '../validate/check-input.ts';
import { checkManifests } from '../validate/check-manifests.ts';
import { listInputs } from '../validate/inputs.ts';
import { readPreviousManifests } from '../validate/previous-manifests.ts';
import { createProgress } from '../validate/progress.ts';
import { checkRepairable } from '../validate/repair-file.ts';

export interface ValidateCommandOptions {
  readonly profile: Profile;
  readonly format: FormatName;
  readonly json?: boolean;
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
  readonly maxWarnings?: number;
  readonly against?: string;
  readonly fix?: boolean;
  readonly output?: string;
  readonly quiet?: boolean;
}

/**
 * `connector validate [paths…]`. Whatever one file is like, all others are checked; the exit code is the gravest: 3 when a
 * file could not be read, 1 when a rule found an error or too many warnings.
 * @throws CliError `CLI_USAGE` and SdkError `RULE_*`, before anything was read or written.
 */
export async function validate(
  paths: readonly string[],
  options: ValidateCommandOptions,
  terminal: Terminal,
): Promise<Report> {
  const { profile, only = [], ignore = [], maxWarnings, against, fix = false, output, quiet = false } = options;
  const format = formatOf(options);
  const rules = selectRules({ only, ignore });
  const inputs = listInputs(paths, terminal.cwd);
  if (fix) checkRepairable(inputs);
  if (output !== undefined) {
    const released = against === undefined ? [] : listInputs([against], terminal.cwd);
    const read = [...inputs, ...released].flatMap((input) => (input.kind === 'unreadable' ? [] : input.path));
    refuseOverwrite('--output', output, terminal.cwd, read);
  }
  const previous =
    against === undefined ? new Map<string, never>() : await readPreviousManifests(against, terminal.cwd);
  const progress = createProgress(terminal, inputs.length, quiet);
  const plan = { profile, only, ignore, previous, fix };
  const files = await checkManifests(inputs, plan, progress, terminal);
  const exitCode = exitCodeFor(files, maxWarnings);
  const report: CheckReport = {
    files: quiet ? files.map(withoutWarnings) : files,
    rules,
    profile,
    summary: summarize(files),
    exitCode,
  };
  const color = output === undefined && wantsColor(terminal);
  const text = formats[format](report, { color, quiet });
  const answer = { ok: exitCode === EXIT_PASS, exitCode, lines: [], json: {} };
  if (output === undefined) return { ...answer, text };
  await writeOutput(resolve(terminal.cwd, output), `${text}\n`);
  if (!quiet) terminal.err(`${summaryLine(report.summary)} → ${output}`);
  return { ...answer, text: '' };
}

function formatOf({ json, format }: ValidateCommandOptions): FormatName {
  if (!json || format === 'json') return format;
  if (format === 'pretty') return 'json';
  throw new CliError('CLI_USAGE', `--json and --format ${format} ask for two formats; give one of them`);
}

function exitCodeFor(files: readonly CheckedManifest[], maxWarnings = Number.POSITIVE_INFINITY): number {
  const { errors, warnings } = summarize(files);
  const unread = files.flatMap(({ error }) => error?.exitCode ?? []);
  if (unread.includes(EXIT_ENVIRONMENT)) return EXIT_ENVIRONMENT;
  return errors > 0 || unread.length > 0 || warnings > maxWarnings ? EXIT_FINDINGS : EXIT_PASS;
}

function withoutWarnings(file: CheckedManifest): CheckedManifest {
  return { ...file, findings: file.findings.filter(({ severity }) => severity === 'error') };
}

/** See no-color.org. */
function wantsColor({ env, outIsTerminal = false }: Terminal): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return outIsTerminal && env.TERM !== 'dumb';
}
