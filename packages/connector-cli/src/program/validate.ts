import { Option } from 'commander';
import { addCommand, type Registration } from './registration.ts';

export function registerValidate({ program, terminal, run }: Registration): void {
  addCommand(program, 'validate [paths...]', 'check manifests (default: manifests/)')
    .addOption(
      new Option('--format <format>', 'how findings are printed').choices(['pretty', 'json']).default('pretty'),
    )
    .action((paths, _options, command) =>
      run(command, async () => (await import('../commands/validate.ts')).validate(paths, terminal)),
    );
}
