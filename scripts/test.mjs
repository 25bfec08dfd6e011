// Everything that has to be true before a change lands: build, types, style, structure, packaging, behaviour.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks } from './checks.mjs';

const packages = readdirSync('packages').map((name) => join('packages', name));
const total = { passed: 0, failed: 0, skipped: 0 };

async function stage(checks, options) {
  const { passed, failed } = await runChecks(checks, options);
  total.passed += passed;
  total.failed += failed;
  return failed === 0;
}

const turbo = (task) => ({ name: task, command: 'turbo', args: ['run', task, '--output-logs=errors-only'] });

const built = (await stage([turbo('build')])) && (await stage([turbo('artifact')]));
if (built) {
  await stage([
    { name: 'manifests match the code', command: 'node', args: ['scripts/manifests.mjs', '--check'] },
    {
      name: 'manifests are valid',
      command: 'node',
      args: ['packages/connector-cli/dist/cli.js', 'validate', 'manifests'],
    },
    { name: 'rule pages match the rules', command: 'node', args: ['scripts/rule-pages.mjs', '--check'] },
    { name: 'pages of the admin API match it', command: 'node', args: ['scripts/admin-api.mjs', '--check'] },
    ...['github', 'servicenow', 'slack'].map((id) => ({
      name: `page of ${id} matches its manifest`,
      command: 'node',
      args: [
        'packages/connector-cli/dist/cli.js',
        'docs',
        `manifests/${id}.json`,
        '--out',
        `docs/connectors/${id}.md`,
        '--check',
      ],
    })),
    { name: 'types', command: 'tsc', args: ['-p', 'tsconfig.json'] },
    { name: 'format and lint', command: 'biome', args: ['ci', '--error-on-warnings', '.'] },
    {
      name: 'import directions',
      command: 'depcruise',
      args: ['--config', '.dependency-cruiser.mjs', 'packages', 'examples', 'bench', 'faults'],
    },
    { name: 'nothing unused', command: 'knip', args: ['--no-progress'] },
    { name: 'connectors have one shape', command: 'node', args: ['scripts/connector-shape.mjs'] },
    { name: 'changesets', command: 'node', args: ['scripts/changesets.mjs'] },
    ...packages.flatMap((cwd) => [
      { name: `publint ${cwd}`, command: 'publint', args: ['--strict', '--pack', 'pnpm'], cwd },
      { name: `attw ${cwd}`, command: 'node', args: ['../../scripts/attw.mjs'], cwd },
    ]),
  ]);
  runBehaviour();
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed === 0 && built ? 0 : 1);

/** vitest, its progress shown as it runs, its counts added to ours. */
function runBehaviour() {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-report-'));
  const report = join(folder, 'report.json');
  try {
    const { status } = spawnSync(
      'vitest',
      ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'));
    total.passed += numPassedTests;
    total.skipped += numPendingTests + numTodoTests;
    // A run that failed without a failed test (a suite that could not load, an unhandled error) still failed.
    total.failed += status === 0 ? numFailedTests : Math.max(1, numFailedTests);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
