import type slack from './connector.ts';

export type { SlackConfig } from './config.ts';
export { default, default as slack } from './connector.ts';

declare module '@org/connector-sdk/registry' {
  interface ConnectorRegistry {
    slack: typeof slack;
  }
}
