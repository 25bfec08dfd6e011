import { Option } from 'commander';
import { addCommand, type Registration } from './registration.ts';

export function registerDiff({ program, terminal, run }: Registration): void {
  addCommand(program, 'diff <sources...>', 'what changed between two releases, and whether the version says so')
    .option('--ref <ref>', 'compare each of the manifests with itself at this git ref')
    .addOption(
      new Option('--format <format>', 'how changes are printed')
        .choices(['pretty', 'json', 'github', 'markdown'])
        .default('pretty'),
    )
    .addOption(new Option('--fail-on <what>', 'also fail on such changes').choices(['security', 'breaking']))
    .option('--allow-new', 'pass when there is no older release')
    .addHelpText(
      'after',
      '\nA source is a manifest, an artifact (folder, .tgz) or a file in git (<ref>:<path>). Older first.',
    )
    .action((sources, options, command) =>
      run(command, async () => (await import('../commands/diff.ts')).diff(sources, options, terminal)),
    );
}
