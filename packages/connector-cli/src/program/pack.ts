import { addCommand, type Registration } from './registration.ts';

export function registerPack({ program, terminal, run }: Registration): void {
  addCommand(program, 'pack <dir>', 'put an artifact into one .tgz')
    .requiredOption('--out <file>', 'the .tgz')
    .action((dir, options, command) =>
      run(command, async () => (await import('../commands/pack.ts')).pack(dir, options, terminal)),
    );
}
