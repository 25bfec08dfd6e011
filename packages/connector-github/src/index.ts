import type github from './connector.ts';

export type { GitHubConfig } from './config.ts';
export { default, default as github } from './connector.ts';

declare module '@org/connector-sdk/registry' {
  interface ConnectorRegistry {
    github: typeof github;
  }
}
