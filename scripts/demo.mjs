// Builds what changed, then tells the main job end to end. Arguments go to the demo: --json, --deny, --crash, --keep, --help.
import { spawn, spawnSync } from 'node:child_process';

const build = spawnSync('turbo', ['run', 'artifact', 'build', '--output-logs=errors-only'], {
  stdio: ['ignore', 2, 2],
});
if (build.status !== 0) {
  process.stderr.write('The build failed: see above.\n');
  process.exit(3);
}
const demo = spawn(process.execPath, ['examples/incident-triage/src/main.ts', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => demo.kill(signal));
demo.on('exit', (code) => process.exit(code ?? 1));
