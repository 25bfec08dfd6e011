import { runBuiltCommand } from './built-command.mjs';

runBuiltCommand('bench', 'bench/src/main.ts', ['build', 'artifact']);
