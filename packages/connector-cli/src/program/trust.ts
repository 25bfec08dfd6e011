import { addCommand, type Registration } from './registration.ts';

export function registerTrust({ program, terminal, run }: Registration): void {
  const trust = program.command('trust').description('make, change and try a trust policy');
  const load = () => import('../commands/trust.ts');
  addCommand(trust, 'init <file>', 'a policy that trusts nobody')
    .option('--valid-until <time>', 'ISO 8601, UTC; nothing new is enabled from then on')
    .action((file, options, command) => run(command, async () => (await load()).initTrust(file, options, terminal)));
  addCommand(trust, 'add-key <file>', "trust a publisher's key")
    .requiredOption('--publisher <name>', 'whose key it is')
    .requiredOption('--key <pem>', 'public key')
    .option('--valid-from <time>', 'ISO 8601, UTC (default: a day ago)')
    .option('--valid-until <time>', 'ISO 8601, UTC')
    .action((file, options, command) =>
      run(command, async () => (await load()).addTrustedKey(file, options, terminal)),
    );
  addCommand(trust, 'revoke-key <file>', 'nothing that this key signed counts any more')
    .option('--key <pem>', 'public key')
    .option('--key-id <id>', 'key id, or its first 8 or more hex digits')
    .requiredOption('--reason <text>', 'why; kept in the policy and shown to whoever is refused')
    .option('--at <time>', 'ISO 8601, UTC (default: now)')
    .action((file, options, command) =>
      run(command, async () => (await load()).revokeTrustedKey(file, options, terminal)),
    );
  addCommand(trust, 'allow <file> <ids...>', 'let a publisher publish these connectors')
    .requiredOption('--publisher <name>', 'who')
    .action((file, ids, options, command) =>
      run(command, async () => (await load()).allowConnectors(file, ids, options, terminal)),
    );
  addCommand(trust, 'disallow <file> <ids...>', 'no longer let a publisher publish these connectors')
    .requiredOption('--publisher <name>', 'who')
    .action((file, ids, options, command) =>
      run(command, async () => (await load()).disallowConnectors(file, ids, options, terminal)),
    );
  addCommand(trust, 'threshold <file> <count>', 'how many of a publisher’s keys must have signed')
    .requiredOption('--publisher <name>', 'who')
    .action((file, count, options, command) =>
      run(command, async () => (await load()).setThreshold(file, count, options, terminal)),
    );
  addCommand(trust, 'minimum-version <file> <id> <version>', 'refuse older releases of a connector')
    .requiredOption('--publisher <name>', 'whose connector it is')
    .action((file, id, version, options, command) =>
      run(command, async () => (await load()).setMinimumVersion(file, id, version, options, terminal)),
    );
  addCommand(trust, 'valid-until <file> <time>', 'from when on nothing new is enabled (ISO 8601, UTC)').action(
    (file, time, _options, command) => run(command, async () => (await load()).setValidUntil(file, time, terminal)),
  );
  addCommand(trust, 'show <file>', 'print a policy').action((file, _options, command) =>
    run(command, async () => (await load()).showTrust(file, terminal)),
  );
  addCommand(trust, 'check <file> [artifact]', 'whether a policy takes an artifact, and what each signature counts')
    .option('--trust <file>', 'the policy, when only the artifact is given')
    .option('--purpose <purpose>', '"enable": it is new; "load": it was enabled before its key or the policy ended')
    .action((first, second, options, command) =>
      run(command, async () =>
        (await import('../commands/trust-check.ts')).checkTrust(first, second, options, terminal),
      ),
    );
}
