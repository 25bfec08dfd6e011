const STAGES =
  'api-tokens|artifacts|hosts|ingress|events|runs|policy|actions|egress|credentials|oauth|vault|secret-references|approvals|polling|limits|audit|tenants|store|jobs|telemetry';
const runtime = '^packages/connector-runtime/src';
/** Tests, and what only tests use. */
const tests = '(\\.test(-d)?|\\.fixture|/test-[^/]+)\\.ts$';

/** Which package may import which; every other import between packages is wrong. */
const PACKAGES = {
  sdk: [],
  artifact: ['sdk'],
  runtime: ['artifact', 'sdk'],
  cli: ['artifact', 'runtime', 'sdk', 'testing'],
  testing: ['sdk'],
  servicenow: ['sdk'],
  slack: ['sdk'],
  github: ['sdk'],
};

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'stages-do-not-import-each-other',
      comment: 'Declare the port that the stage needs; runtime.ts wires it.',
      severity: 'error',
      from: { path: `${runtime}/(${STAGES})/`, pathNot: tests },
      to: { path: `${runtime}/(${STAGES})/`, pathNot: `${runtime}/$1/` },
    },
    {
      name: 'types-import-nothing-of-the-runtime',
      severity: 'error',
      from: { path: `${runtime}/types/` },
      to: { path: `${runtime}/`, pathNot: `${runtime}/types/` },
    },
    {
      name: 'only-the-top-wires',
      comment: 'Stages know nothing of pipeline.ts, runtime.ts and http/.',
      severity: 'error',
      from: { path: `${runtime}/(${STAGES})/`, pathNot: tests },
      to: { path: `${runtime}/([^/]+\\.ts$|http/)` },
    },
    {
      name: 'tests-stay-out-of-the-product',
      severity: 'error',
      from: { path: '^packages/[^/]+/src', pathNot: tests },
      to: { path: tests },
    },
    ...Object.entries(PACKAGES).map(([name, allowed]) => ({
      name: `connector-${name}-imports`,
      severity: 'error',
      from: { path: `^packages/connector-${name}/src`, pathNot: tests },
      to: { path: '^packages/', pathNot: `^packages/connector-(${[name, ...allowed].join('|')})/` },
    })),
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/', '/artifact/'] },
    exclude: { path: ['/dist/', '/artifact/', '/.next/', '/node_modules/'] },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@org/source', 'import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
