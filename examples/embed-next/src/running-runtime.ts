import type { Runtime } from '@org/connector-runtime';

// Next bundles instrumentation and routes apart, each with its own copy of this module: what they share is global.
const shared = globalThis as { connectorRuntime?: Runtime };

export function runningRuntime(): Runtime {
  if (shared.connectorRuntime === undefined)
    throw new Error('instrumentation.ts starts the runtime before any request');
  return shared.connectorRuntime;
}

export function keepRunning(runtime: Runtime): void {
  shared.connectorRuntime = runtime;
}
