import { type DestinationStream, destination, pino } from 'pino';
import type { Clock } from '../types/clock.ts';
import type { Log, LogFields } from '../types/log.ts';
import { redactPatterns } from './credential-patterns.ts';
import { toLoggable } from './loggable.ts';
import type { Scrubber } from './scrubber.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  readonly scrubber: Scrubber;
  /** Standard error when left out: standard output is for what a command answers. */
  readonly destination?: DestinationStream;
}

/** JSON lines. Messages and fields are scrubbed at the moment they are written, those of a child log too. */
export function createLog({ level, clock, scrubber, destination: target }: LogOptions): Log {
  const lines = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    target ?? destination({ dest: 2, sync: true }),
  );
  const scrub = (text: string) => redactPatterns(scrubber.scrub(text));
  const build = (inherited: LogFields): Log => {
    const write = (at: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
      if (!lines.isLevelEnabled(at)) return;
      lines[at](toLoggable({ ...inherited, ...fields }, scrub), scrub(message));
    };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => build({ ...inherited, ...fields }),
    };
  };
  return build({});
}
