/**
 * The CommonJS text that takes a denied builtin's place. Loading it, destructuring it and deriving classes from it work,
 * since libraries do that at their top level; calling anything throws `CONNECTOR_BUILTIN_DENIED`. `os` answers the few
 * questions that user-agent strings ask with constants, which also tell nothing about the machine.
 */
export function builtinStub(name: string): string {
  return `
const constants = ${name === 'os' ? OS_CONSTANTS : '{}'};
function denied(path, known) {
  const refuse = () => {
    const error = new Error('node:' + path + ' is not available to connectors; use ctx.http, ctx.log and the inputs instead');
    error.code = 'CONNECTOR_BUILTIN_DENIED';
    throw error;
  };
  return new Proxy(function () {}, {
    get(target, key) {
      if (Object.hasOwn(known, key)) return known[key];
      if (typeof key === 'symbol' || key === 'then') return undefined;
      return key === 'prototype' ? target.prototype : denied(path + '.' + key, {});
    },
    apply: refuse,
    construct: refuse,
  });
}
// Importers copy own properties, of which a stub has none, unless it says that it is an ES module.
constants.__esModule = true;
module.exports = constants.default = Object.create(denied(${JSON.stringify(name)}, constants));
`;
}

const OS_CONSTANTS = `{
  EOL: '\\n',
  arch: () => 'unknown',
  platform: () => 'connector',
  release: () => '0.0.0',
  type: () => 'connector',
}`;
