// An older Node lacks what the command imports and would say so in words about modules. The least is that of `engines`.
const LEAST = 22;
const version = process.versions.node;

if (Number.parseInt(version, 10) < LEAST) {
  const message = `This command needs Node ${LEAST} or newer and runs on ${version}; install a newer one`;
  const error = { code: 'CLI_NODE_TOO_OLD', message, details: {} };
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ ok: false, error })}\n`);
  else process.stderr.write(`${error.code}: ${message}\n`);
  process.exit(3);
}
