import { addCommand, type Registration } from './registration.ts';

export function registerDocs({ program, terminal, run }: Registration): void {
  addCommand(program, 'docs <source>', 'the reference of a connector, in Markdown')
    .option('--out <file>', 'write it there in place of stdout')
    .option('--check', 'compare with --out instead of writing it')
    .action((source, options, command) =>
      run(command, async () => (await import('../commands/docs.ts')).docs(source, options, terminal)),
    );
}
