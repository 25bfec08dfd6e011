import { addCommand, type Registration } from './registration.ts';

export function registerExplain({ program, run }: Registration): void {
  addCommand(program, 'explain [rule]', "print a rule's page, or the list of rules").action((rule, _options, command) =>
    run(command, async () => (await import('../commands/explain.ts')).explain(rule)),
  );
}
