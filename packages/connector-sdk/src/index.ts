export type {
  Action,
  ActionContext,
  AnyAction,
  Done,
  Effect,
  IdempotencyMode,
  ReadAction,
  Resolution,
  Reversal,
  ReversalWith,
  Reversible,
  Risk,
  WriteAction,
} from './action.ts';
export { defineAction, reverseWith } from './action.ts';
export type {
  AnyApprovalChannel,
  ApprovalChannel,
  ApprovalDecision,
  ApprovalGroups,
  ApprovalProgress,
  ApprovalRef,
  ApprovalRequest,
  ChannelContext,
  ParsedDecision,
  ProposedAction,
} from './approval-channel.ts';
export { defineApprovalChannel } from './approval-channel.ts';
export type {
  AnyAuth,
  ApiKeyAuth,
  AuthenticateContext,
  Authentication,
  BasicAuth,
  CustomAuth,
  OAuth2Auth,
} from './auth.ts';
export { defineAuth } from './auth.ts';
export { canonicalJson } from './canonical-json.ts';
export type { AnyConnection, ConnectionDefinition, ConnectorDefinition, ScopeDefinition } from './connector.ts';
export { defineConnection, defineConnector } from './connector.ts';
export type { Deprecation } from './deprecation.ts';
export { deriveManifest, manifestBytes } from './derive-manifest.ts';
export type { ActionErrorKind, ConnectorErrorOptions, SdkErrorCode } from './errors.ts';
export { ActionError, ConnectorError, isConnectorError, SdkError } from './errors.ts';
export type { CallContext, ConnectorHttp, ConnectorLog, HttpRequest, HttpResponse } from './http.ts';
export type {
  Manifest,
  ManifestAction,
  ManifestApprovalChannel,
  ManifestAuth,
  ManifestReception,
  ManifestTrigger,
} from './manifest.ts';
export { MANIFEST_SCHEMA_ID, MANIFEST_VERSION, manifestJsonSchema, manifestSchema, parseManifest } from './manifest.ts';
export type {
  ActionInput,
  ActionName,
  ActionOutput,
  ConnectorRegistry,
  RegisteredActions,
  RegisteredTriggers,
  TriggerEvent,
  TriggerName,
} from './registry.ts';
export type { InferInput, InferOutput, JsonSchema, Schema } from './schema.ts';
export { toJsonSchema } from './schema.ts';
export { parseJsonStrict } from './strict-json.ts';
export type {
  AnyTrigger,
  Delivery,
  DeliveryId,
  Handshake,
  PollContext,
  Polling,
  PollResult,
  SignatureFields,
  Trigger,
  Verification,
  Webhook,
  WebhookReception,
} from './trigger.ts';
export { defineTrigger } from './trigger.ts';
