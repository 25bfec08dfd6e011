export { createLog, type LogLevel, logLevels } from './create-log.ts';
export { createScrubbedAudit } from './scrubbed-audit.ts';
export { createScrubber } from './scrubber.ts';
