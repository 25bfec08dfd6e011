/**
 * The text a host process is started with (`node -e`): it reads its program from its standard input, and later the
 * connector, and loads both from memory. The process is given no file to read, not even its own.
 *
 * Loading knows three sources: the program, then only the connector, and Node's own modules.
 */
export const BOOTSTRAP = `
import { readSync } from 'node:fs';
import { isBuiltin, registerHooks } from 'node:module';
const CONNECTOR = 'file:///connector/connector.mjs';
const read = (length) => {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const count = readSync(0, bytes, at, length - at);
    if (count === 0) process.exit(0);
    at += count;
  }
  return bytes.toString('utf8');
};
const { modules, entry, start } = JSON.parse(read(Number(read(16))));
const sources = new Map(modules);
const refused = new Set(['sqlite', 'ffi', 'repl', 'cluster', 'trace_events', 'inspector', 'inspector/promises', 'wasi', 'vm', 'test', 'test/reporters', 'sea']);
const deny = (specifier) => Object.assign(
  new Error('Connector code cannot import ' + specifier + ': bundle what it needs into connector.mjs'),
  { code: 'HOST_DENIED' },
);
const startsWith = Function.prototype.call.bind(String.prototype.startsWith);
const slice = Function.prototype.call.bind(String.prototype.slice);
registerHooks({
  resolve(specifier, context, next) {
    if (isBuiltin(specifier)) {
      if (refused.has(startsWith(specifier, 'node:') ? slice(specifier, 5) : specifier)) throw deny(specifier);
      return next(specifier, context);
    }
    const url = startsWith(specifier, '.') && URL.canParse(specifier, context.parentURL)
      ? new URL(specifier, context.parentURL).href
      : specifier;
    if (!sources.has(url)) throw deny(specifier);
    return { url, format: 'module', shortCircuit: true };
  },
  load(url, context, next) {
    const source = sources.get(url);
    if (source === undefined) return next(url, context);
    return { format: 'module', source, shortCircuit: true };
  },
});
const { startHost } = await import(entry);
sources.clear();
await startHost(start, async (code) => {
  sources.set(CONNECTOR, code);
  const connector = await import(CONNECTOR);
  sources.clear();
  return connector;
});
`;
