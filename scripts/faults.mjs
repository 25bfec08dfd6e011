import { runBuiltCommand } from './built-command.mjs';

runBuiltCommand('faults', 'faults/src/main.ts', ['build', 'artifact']);
