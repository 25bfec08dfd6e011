import { actionRemoved } from '../rules/action-removed.ts';
import { authHeaderReserved } from '../rules/auth-header-reserved.ts';
import { baseUrlNotAllowed } from '../rules/base-url-not-allowed.ts';
import { configHostUnconstrained } from '../rules/config-host-unconstrained.ts';
import { configPlaceholderUnknown } from '../rules/config-placeholder-unknown.ts';
import { connectorEmpty } from '../rules/connector-empty.ts';
import { criticalIrreversible } from '../rules/critical-irreversible.ts';
import { deprecationTargetUnknown } from '../rules/deprecation-target-unknown.ts';
import { descriptionRepeatsTitle } from '../rules/description-repeats-title.ts';
import { descriptionTooShort } from '../rules/description-too-short.ts';
import { effectIdempotency } from '../rules/effect-idempotency.ts';
import { enginesUnbounded } from '../rules/engines-unbounded.ts';
import { eventWithoutIdentity } from '../rules/event-without-identity.ts';
import { hostMalformed } from '../rules/host-malformed.ts';
import { hostPrivate } from '../rules/host-private.ts';
import { hostRedundant } from '../rules/host-redundant.ts';
import { hostTooWide } from '../rules/host-too-wide.ts';
import { inputNotObject } from '../rules/input-not-object.ts';
import { inputOpenObject } from '../rules/input-open-object.ts';
import { inputUnboundedArray } from '../rules/input-unbounded-array.ts';
import { inputUnboundedPage } from '../rules/input-unbounded-page.ts';
import { inputUnboundedString } from '../rules/input-unbounded-string.ts';
import { inputUnconstrained } from '../rules/input-unconstrained.ts';
import { inputUndescribed } from '../rules/input-undescribed.ts';
import { inputWithoutExamples } from '../rules/input-without-examples.ts';
import { jsonDuplicateKey } from '../rules/json-duplicate-key.ts';
import { jsonEncoding } from '../rules/json-encoding.ts';
import { jsonLossyNumber } from '../rules/json-lossy-number.ts';
import { jsonSyntax } from '../rules/json-syntax.ts';
import { listRepeated } from '../rules/list-repeated.ts';
import { manifestNotCanonical } from '../rules/manifest-not-canonical.ts';
import { manifestSchema } from '../rules/manifest-schema.ts';
import { manifestVersion } from '../rules/manifest-version.ts';
import { markerSettlesAtOnce } from '../rules/marker-settles-at-once.ts';
import { markerWithoutResolve } from '../rules/marker-without-resolve.ts';
import { naturalButCreates } from '../rules/natural-but-creates.ts';
import { nestingTooDeep } from '../rules/nesting-too-deep.ts';
import { oauth2GrantsIncomplete } from '../rules/oauth2-grants-incomplete.ts';
import { oauth2WithoutRefresh } from '../rules/oauth2-without-refresh.ts';
import { pollingIntervalUnreasonable } from '../rules/polling-interval-unreasonable.ts';
import { pollingWithoutOverlap } from '../rules/polling-without-overlap.ts';
import { publisherChanged } from '../rules/publisher-changed.ts';
import { rateLimitUnreasonable } from '../rules/rate-limit-unreasonable.ts';
import { readSoundsLikeWrite } from '../rules/read-sounds-like-write.ts';
import { reversalOfRead } from '../rules/reversal-of-read.ts';
import { reversalUnknown } from '../rules/reversal-unknown.ts';
import { riskTooLow } from '../rules/risk-too-low.ts';
import { riskUnrepeatable } from '../rules/risk-unrepeatable.ts';
import { schemaDefaultUnfit } from '../rules/schema-default-unfit.ts';
import { schemaDynamic } from '../rules/schema-dynamic.ts';
import { schemaImpossible } from '../rules/schema-impossible.ts';
import { schemaInvalid } from '../rules/schema-invalid.ts';
import { schemaKeywordUnknown } from '../rules/schema-keyword-unknown.ts';
import { schemaPatternInvalid } from '../rules/schema-pattern-invalid.ts';
import { schemaPatternSlow } from '../rules/schema-pattern-slow.ts';
import { schemaProtoKey } from '../rules/schema-proto-key.ts';
import { schemaReferenceBroken } from '../rules/schema-reference-broken.ts';
import { schemaReferenceCircular } from '../rules/schema-reference-circular.ts';
import { scopeProviderTooWide } from '../rules/scope-provider-too-wide.ts';
import { scopeUndeclared } from '../rules/scope-undeclared.ts';
import { scopeUnused } from '../rules/scope-unused.ts';
import { scopeWithoutProvider } from '../rules/scope-without-provider.ts';
import { secretInConfig } from '../rules/secret-in-config.ts';
import { secretInOutput } from '../rules/secret-in-output.ts';
import { secretInValue } from '../rules/secret-in-value.ts';
import { textInvisible } from '../rules/text-invisible.ts';
import { textPlaceholder } from '../rules/text-placeholder.ts';
import { textUntrimmed } from '../rules/text-untrimmed.ts';
import { timeoutUnreasonable } from '../rules/timeout-unreasonable.ts';
import { titleDuplicate } from '../rules/title-duplicate.ts';
import { titleStyle } from '../rules/title-style.ts';
import { tokenUrlForeign } from '../rules/token-url-foreign.ts';
import { triggerRemoved } from '../rules/trigger-removed.ts';
import { triggerWithoutSource } from '../rules/trigger-without-source.ts';
import { urlMalformed } from '../rules/url-malformed.ts';
import { urlNotHttps } from '../rules/url-not-https.ts';
import { versionNotRaised } from '../rules/version-not-raised.ts';
import { versionPlaceholder } from '../rules/version-placeholder.ts';
import { versionPrerelease } from '../rules/version-prerelease.ts';
import { webhookBodyTooLarge } from '../rules/webhook-body-too-large.ts';
import { webhookContentTypeOdd } from '../rules/webhook-content-type-odd.ts';
import { webhookHandshakeMismatch } from '../rules/webhook-handshake-mismatch.ts';
import { webhookHeaderSecret } from '../rules/webhook-header-secret.ts';
import { webhookIdIgnored } from '../rules/webhook-id-ignored.ts';
import { webhookPayloadTemplate } from '../rules/webhook-payload-template.ts';
import { webhookReplayable } from '../rules/webhook-replayable.ts';
import { webhookSharedSecret } from '../rules/webhook-shared-secret.ts';
import { webhookToleranceTooLong } from '../rules/webhook-tolerance-too-long.ts';
import { writeIrreversible } from '../rules/write-irreversible.ts';
import { writeWithoutScope } from '../rules/write-without-scope.ts';
import type { MeaningRule, Rule, StructureRule } from './rule.ts';

export const structureRules: readonly StructureRule[] = [
  jsonEncoding,
  jsonSyntax,
  jsonDuplicateKey,
  manifestVersion,
  manifestSchema,
];

/** Rules that the others rely on: when one of them finds something, the others do not run. */
export const safetyRules: readonly MeaningRule[] = [nestingTooDeep];

export const meaningRules: readonly MeaningRule[] = [
  connectorEmpty,
  descriptionRepeatsTitle,
  descriptionTooShort,
  enginesUnbounded,
  jsonLossyNumber,
  listRepeated,
  manifestNotCanonical,
  publisherChanged,
  textInvisible,
  textPlaceholder,
  textUntrimmed,
  titleDuplicate,
  titleStyle,
  versionNotRaised,
  versionPlaceholder,
  versionPrerelease,
  scopeProviderTooWide,
  scopeUndeclared,
  scopeUnused,
  scopeWithoutProvider,
  schemaDefaultUnfit,
  schemaDynamic,
  schemaImpossible,
  schemaInvalid,
  schemaKeywordUnknown,
  schemaPatternInvalid,
  schemaPatternSlow,
  schemaProtoKey,
  schemaReferenceBroken,
  schemaReferenceCircular,
  authHeaderReserved,
  baseUrlNotAllowed,
  configHostUnconstrained,
  configPlaceholderUnknown,
  hostMalformed,
  hostPrivate,
  hostRedundant,
  hostTooWide,
  oauth2GrantsIncomplete,
  oauth2WithoutRefresh,
  rateLimitUnreasonable,
  tokenUrlForeign,
  urlMalformed,
  urlNotHttps,
  actionRemoved,
  criticalIrreversible,
  deprecationTargetUnknown,
  effectIdempotency,
  markerSettlesAtOnce,
  markerWithoutResolve,
  naturalButCreates,
  readSoundsLikeWrite,
  reversalOfRead,
  reversalUnknown,
  riskTooLow,
  riskUnrepeatable,
  timeoutUnreasonable,
  writeIrreversible,
  writeWithoutScope,
  inputNotObject,
  inputOpenObject,
  inputUnboundedArray,
  inputUnboundedPage,
  inputUnboundedString,
  inputUnconstrained,
  inputUndescribed,
  inputWithoutExamples,
  secretInConfig,
  secretInOutput,
  secretInValue,
  eventWithoutIdentity,
  pollingIntervalUnreasonable,
  pollingWithoutOverlap,
  triggerRemoved,
  triggerWithoutSource,
  webhookBodyTooLarge,
  webhookContentTypeOdd,
  webhookHandshakeMismatch,
  webhookHeaderSecret,
  webhookIdIgnored,
  webhookPayloadTemplate,
  webhookReplayable,
  webhookSharedSecret,
  webhookToleranceTooLong,
];

/** Every rule, in the order in which findings are reported. */
export const rules: readonly Rule[] = [...structureRules, ...safetyRules, ...meaningRules];
