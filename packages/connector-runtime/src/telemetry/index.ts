export { createLog, type LogLevel, logLevels } from './create-log.ts';
export { createScrubber } from './scrubber.ts';
