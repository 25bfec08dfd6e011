import { addCommand, type Registration } from './registration.ts';

export function registerVerify({ program, terminal, run }: Registration): void {
  addCommand(program, 'verify <artifact>', 'check signatures and content against a trust policy')
    .requiredOption('--trust <file>', 'trust policy (trust.json)')
    .option('--purpose <purpose>', '"enable": it is new; "load": it was enabled before its key or the policy ended')
    .action((artifact, options, command) =>
      run(command, async () => (await import('../commands/verify.ts')).verify(artifact, options, terminal)),
    );
}
