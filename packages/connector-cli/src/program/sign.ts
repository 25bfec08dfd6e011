import { addCommand, type Registration } from './registration.ts';

export function registerSign({ program, terminal, run }: Registration): void {
  addCommand(program, 'sign <artifact>', 'add signatures to a folder, .tgz or npm package')
    .option('--key <pem>', 'private key file; repeat it for several signatures', collect)
    .option('--key-env <variable>', 'environment variable with a private key (PEM or base64); repeatable', collect)
    .option('--key-command <json>', 'program that signs: a JSON array of program and arguments, or a JSON file')
    .option('--public-key <pem>', 'public key of --key-command')
    .option('--passphrase-env <variable>', 'environment variable with the passphrase of the keys')
    .action((artifact, options, command) =>
      run(command, async () => (await import('../commands/sign.ts')).sign(artifact, options, terminal)),
    );
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
