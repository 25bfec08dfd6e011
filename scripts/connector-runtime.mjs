import { runBuiltCommand } from './built-command.mjs';

runBuiltCommand('@org/connector-runtime', 'packages/connector-runtime/bin/connector-runtime.mjs');
