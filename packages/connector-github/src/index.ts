import type { github } from './connector.ts';

export type { GitHubConfig } from './config.ts';
export { default, github } from './connector.ts';

declare module '@org/connector-sdk/registry' {
  interface ConnectorRegistry {
    github: typeof github;
  }
}
