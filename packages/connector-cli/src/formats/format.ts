import type { CheckReport, FormatOptions } from './check-report.ts';
import { formatGithub } from './github.ts';
import { formatJson } from './json.ts';
import { formatJunit } from './junit.ts';
import { formatPretty } from './pretty.ts';
import { formatSarif } from './sarif.ts';

/** A report as text, without a line break at its end. */
export type Format = (report: CheckReport, options: FormatOptions) => string;

export type FormatName = 'pretty' | 'json' | 'sarif' | 'junit' | 'github';

export const formats: Readonly<Record<FormatName, Format>> = {
  pretty: formatPretty,
  json: formatJson,
  sarif: formatSarif,
  junit: formatJunit,
  github: formatGithub,
};
