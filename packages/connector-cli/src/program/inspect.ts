import { addCommand, type Registration } from './registration.ts';

export function registerInspect({ program, terminal, run }: Registration): void {
  addCommand(program, 'inspect <source>', 'show what an artifact or a manifest holds and claims').action(
    (source, _options, command) =>
      run(command, async () => (await import('../commands/inspect.ts')).inspect(source, terminal)),
  );
}
