export { type BuildConnectorOptions, type BuiltConnector, buildConnector } from './build/build-connector.ts';
export type { Bundle } from './build/bundle.ts';
export type { BundledModule } from './build/module-names.ts';
export { CliError, type CliErrorCode } from './errors.ts';
export { runCli } from './program.ts';
export type { Report, Terminal } from './terminal.ts';
