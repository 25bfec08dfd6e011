import { addCommand, type Registration } from './registration.ts';

export function registerBuild({ program, terminal, run }: Registration): void {
  addCommand(program, 'build [dir]', 'bundle a connector package and derive its manifest')
    .option('--out <dir>', 'folder for the artifact (default: <dir>/artifact)')
    .option('--manifest-out <file>', 'also write the manifest here')
    .option('--check', 'compare with --manifest-out instead of writing it')
    .option('--sbom <file>', 'also write what is in the bundle here, as CycloneDX 1.6')
    .action((dir, options, command) =>
      run(command, async () => (await import('../commands/build.ts')).build(dir ?? '.', options, terminal)),
    );
}
