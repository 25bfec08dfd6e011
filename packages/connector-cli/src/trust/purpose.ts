import type { VerifyOptions } from '@org/connector-artifact';
import { CliError } from '../errors.ts';

/** What `--purpose` says; without it, what is new. Throws `CLI_USAGE`. */
export function parsePurpose(text: string = 'enable'): 'enable' | 'load' {
  const purposes: Record<string, NonNullable<VerifyOptions['purpose']>> = { enable: 'enable', load: 'load' };
  const purpose = Object.hasOwn(purposes, text) ? purposes[text] : undefined;
  if (purpose) return purpose;
  throw new CliError('CLI_USAGE', `--purpose is enable (it is new here) or load (it is enabled already), not ${text}`);
}
