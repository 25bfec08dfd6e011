#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { addAuditCommands } from './cli-audit.ts';
import { addConnectionCommands } from './cli-connection.ts';
import { addDeliveryCommands } from './cli-delivery.ts';
import { addEndpointCommands } from './cli-endpoint.ts';
import { exitCodeOf, linesOf } from './cli-failure.ts';
import { addKeysCommands } from './cli-keys.ts';
import { addPolicyCommands } from './cli-policy.ts';
import { addPollingCommands } from './cli-polling.ts';
import { addReferencesCommands } from './cli-references.ts';
import { addRunCommands } from './cli-run.ts';
import { addTokenCommands } from './cli-token.ts';
import { RuntimeError } from './types/errors.ts';

const configOption = () =>
  new Option('--config <file>', 'the config file (default export: defineRuntimeConfig({ … }))');

function createProgram(): Command {
  const program = new Command('connector-runtime')
    .description('Runs signed connectors and workflows on a Postgres database.')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 findings, 2 usage or config, 3 environment (port, database, data directory).',
    )
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ outputError: () => {} });

  program
    .command('serve')
    .description('run until SIGTERM or SIGINT')
    .addOption(configOption().makeOptionMandatory())
    .option('--json', 'print the ready line as JSON')
    .action(async ({ config, json }: { config: string; json?: true }) => {
      const { serve } = await import('./cli-serve.ts');
      await serve(config, json === true);
    });

  addAuditCommands(program, configOption);
  addKeysCommands(program, configOption);
  addReferencesCommands(program, configOption);
  addConnectionCommands(program);
  addPollingCommands(program);
  addTokenCommands(program);
  addEndpointCommands(program);
  addDeliveryCommands(program);
  addRunCommands(program);
  addPolicyCommands(program);
  return program;
}

async function main(): Promise<number> {
  try {
    verifyNode();
    await createProgram().parseAsync();
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Called without a command: the help was printed.
      if (error.code === 'commander.help') return 2;
      process.stderr.write(`connector-runtime: ${error.message.replace(/^error: /, '')}; see --help\n`);
      return 2;
    }
    for (const line of linesOf(error)) process.stderr.write(`connector-runtime: ${line}\n`);
    return exitCodeOf(error);
  }
}

/** Older ones can't deny the network to connector code. */
function verifyNode(): void {
  if (Number(process.versions.node.split('.')[0]) >= 26) return;
  throw new RuntimeError('ENVIRONMENT_UNSUPPORTED', `This needs Node 26 or later, not ${process.versions.node}`);
}

process.exit(await main());
