import { addCommand, type Registration } from './registration.ts';

export function registerSign({ program, terminal, run }: Registration): void {
  addCommand(program, 'sign <artifact>', 'add a signature to a folder or .tgz')
    .requiredOption('--key <pem>', 'private key')
    .option('--passphrase-env <variable>', 'environment variable with its passphrase')
    .action((artifact, options, command) =>
      run(command, async () => (await import('../commands/sign.ts')).sign(artifact, options, terminal)),
    );
}
