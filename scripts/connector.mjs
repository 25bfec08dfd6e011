import { runBuiltCommand } from './built-command.mjs';

runBuiltCommand('@org/connector-cli', 'packages/connector-cli/bin/connector.mjs');
