export { connectEmulatorControl, type EmulatorControl, type RemoteFaults } from './control/control-client.ts';
export type { EmulatorsConfig } from './control/emulators-config.ts';
export type { EmulatorsReady } from './control/emulators-process.ts';
export type { EmulatorsState } from './control/emulators-state.ts';
export { type Emulators, type EmulatorsOptions, startEmulators } from './emulators.ts';
export { TestingError, type TestingErrorCode } from './errors.ts';
export type { Fault, FaultKind, FaultSwitches } from './front/fault-switches.ts';
export type { SeenRequest } from './front/request-log.ts';
export { type GitHubEmulator, type GitHubEmulatorOptions, startGitHubEmulator } from './github/github-emulator.ts';
export type { GitHubEffects } from './github/github-front.ts';
export type { RepositorySeed } from './github/repository-seed.ts';
export {
  createTestContext,
  createTestDelivery,
  type TestContext,
  type TestContextOptions,
  type TestDelivery,
} from './harness.ts';
export type { OutboundDelivery, OutboundTarget, Tampering } from './servicenow/outbound-webhook.ts';
export { type ServiceNowSeed, seedSysId } from './servicenow/seed.ts';
export {
  type JournalEntry,
  type ServiceNowEffects,
  type ServiceNowEmulator,
  type ServiceNowEmulatorOptions,
  startServiceNowEmulator,
} from './servicenow/servicenow-emulator.ts';
export type { Row, TableName } from './servicenow/tables.ts';
export type { BasicCredentials, ServiceNowOAuthOptions } from './servicenow/token-issuer.ts';
export type { ClickForgery, ClickingPerson } from './slack/block-actions.ts';
export {
  type ButtonClick,
  type ClickAnswer,
  type SlackEmulator,
  type SlackEmulatorOptions,
  startSlackEmulator,
} from './slack/slack-emulator.ts';
export type { SlackEffects } from './slack/slack-front.ts';
export type { SlackMessage } from './slack/slack-message.ts';
