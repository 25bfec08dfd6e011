import { addCommand, type Registration } from './registration.ts';

export function registerInspect({ program, terminal, run }: Registration): void {
  addCommand(program, 'inspect <artifact>', 'show what an artifact holds and claims').action(
    (artifact, _options, command) =>
      run(command, async () => (await import('../commands/inspect.ts')).inspect(artifact, terminal)),
  );
}
