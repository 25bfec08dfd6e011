import { addCommand, type Registration } from './registration.ts';

export function registerKeygen({ program, terminal, run }: Registration): void {
  addCommand(program, 'keygen', 'make an Ed25519 key pair')
    .requiredOption('--out <dir>', 'folder for the two files')
    .option('--name <name>', 'their name', 'connector')
    .option('--passphrase-env <variable>', 'environment variable with a passphrase that encrypts the private key')
    .action((options, command) =>
      run(command, async () => (await import('../commands/keygen.ts')).keygen(options, terminal)),
    );
}
