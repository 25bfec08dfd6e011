import type servicenow from './connector.ts';

export type { ServiceNowConfig } from './config.ts';
export { default, default as servicenow } from './connector.ts';

declare module '@org/connector-sdk/registry' {
  interface ConnectorRegistry {
    servicenow: typeof servicenow;
  }
}
