import { addCommand, type Registration } from './registration.ts';

export function registerTrust({ program, terminal, run }: Registration): void {
  const trust = program.command('trust').description('make and change a trust policy');
  const load = () => import('../commands/trust.ts');
  addCommand(trust, 'init <file>', 'a policy that trusts nobody').action((file, _options, command) =>
    run(command, async () => (await load()).initTrust(file, terminal)),
  );
  addCommand(trust, 'add-key <file>', "trust a publisher's key")
    .requiredOption('--publisher <name>', 'whose key it is')
    .requiredOption('--key <pem>', 'public key')
    .option('--valid-from <time>', 'ISO 8601, UTC (default: a day ago)')
    .option('--valid-until <time>', 'ISO 8601, UTC')
    .action((file, options, command) =>
      run(command, async () => (await load()).addTrustedKey(file, options, terminal)),
    );
  addCommand(trust, 'allow <file> <ids...>', 'let a publisher publish these connectors')
    .requiredOption('--publisher <name>', 'who')
    .action((file, ids, options, command) =>
      run(command, async () => (await load()).allowConnectors(file, ids, options, terminal)),
    );
  addCommand(trust, 'show <file>', 'print a policy').action((file, _options, command) =>
    run(command, async () => (await load()).showTrust(file, terminal)),
  );
}
