/** What a change demands of the version: a major, a minor or a patch release. */
export type ChangeClass = 'breaking' | 'feature' | 'fix';

export interface ChangeKindFacts {
  readonly class: ChangeClass;
  readonly security: boolean;
  readonly why: string;
}

const breaking = (why: string): ChangeKindFacts => ({ class: 'breaking', security: false, why });
const feature = (why: string): ChangeKindFacts => ({ class: 'feature', security: false, why });
const fix = (why: string): ChangeKindFacts => ({ class: 'fix', security: false, why });
const guarded = (kind: ChangeKindFacts): ChangeKindFacts => ({ ...kind, security: true });

/**
 * Every kind of change, with its class. The class says whether what works today goes on working; `security` says that
 * the connector can do more, is held less tightly, or that what crosses its border changed. What no kind is made for is
 * `unclassified`, which is breaking.
 */
export const changeKinds = {
  // The connector
  'id-changed': guarded(breaking('Another id is another connector: nothing that names the old one finds it.')),
  'publisher-changed': guarded(breaking('Trust policies name the publisher: the new one has to be trusted first.')),
  'version-changed': fix('Only says which release this is.'),
  'engine-narrowed': breaking('A runtime that ran the old version refuses this one.'),
  'engine-widened': fix('Every runtime that ran the old version runs this one.'),
  'text-changed': fix('Words for people; nothing behaves differently.'),
  'order-changed': fix('The same entries in another order.'),
  deprecated: feature('Callers are told to move before it goes away.'),
  'deprecation-changed': fix('The advice to callers changed.'),
  'deprecation-withdrawn': fix('It stays after all.'),
  'content-changed': fix('What the connector declares is the same; how it does it may not be.'),
  unclassified: guarded(breaking('Nothing is known about what this change means, so it is treated as the worst.')),

  // Scopes
  'scope-added': guarded(feature('A new right that administrators are asked for.')),
  'scope-removed': breaking('Grants and policies that name it no longer match.'),
  'scope-provider-widened': guarded(
    breaking('The right that people granted now means more at the provider: they have to grant it again.'),
  ),
  'scope-provider-narrowed': fix('The right means less at the provider than what was granted.'),
  'scope-required': guarded(breaking('Connections that were not granted it can no longer use this.')),
  'scope-not-required': guarded(feature('Policies that decide by this scope no longer see it here.')),

  // Hosts
  'host-added': guarded(feature('The connector can send data to a place that it could not reach.')),
  'host-widened': guarded(feature('The pattern takes more hosts than the one it replaces.')),
  'host-removed': fix('The connector reaches less.'),
  'host-redundant': fix('The same hosts are reached as before.'),
  'host-template-widened': guarded(
    feature('A host or URL is made from this setting: what it may be decides where data and credentials go.'),
  ),
  'base-url-changed': guarded(breaking('Requests, with their credentials, go to another address.')),

  // Rate limit
  'rate-limit-raised': guarded(feature('The connector may put more load on the account.')),
  'rate-limit-lowered': fix('Calls may wait longer; none is lost.'),

  // Auth
  'auth-added': guarded(feature('A new way to hold credentials.')),
  'auth-removed': breaking('Connections made this way stop working.'),
  'auth-kind-changed': guarded(breaking('Credentials stored for the old kind do not fit the new one.')),
  'auth-url-changed': guarded(breaking('Secrets, codes or people are sent to another address.')),
  'auth-host-added': guarded(feature('Code that sees the secret can reach one more host.')),
  'auth-host-removed': fix('Code that sees the secret reaches less.'),
  'grant-added': guarded(feature('Tokens can be obtained in one more way.')),
  'grant-removed': breaking('Connections made with this grant stop working.'),
  'client-authentication-changed': guarded(
    breaking('The client proves itself in another way than connections were made for.'),
  ),
  'scope-style-changed': guarded(breaking('A grant asks for, and is checked for, other scopes than before, or none.')),
  'revocation-added': feature('Tokens can now be revoked at the provider.'),
  'revocation-lost': guarded(breaking('Tokens can no longer be revoked at the provider.')),
  'auth-header-changed': breaking('The credential travels in another form than the connections were made for.'),

  // Actions
  'read-action-added': feature('Callers can do more; what they do today stays the same.'),
  'write-action-added': guarded(feature('The connector can change something that it could not.')),
  'action-removed': breaking('Callers still name it.'),
  'action-removed-without-deprecation': breaking(
    'Callers still name it, and no release told them to move: deprecate it first, remove it in a later release.',
  ),
  'effect-raised': guarded(
    breaking('What was a read now changes something: policies and retries treated it as harmless.'),
  ),
  'effect-lowered': guarded(feature('Policies and audit treat it as harmless from now on.')),
  'risk-raised': guarded(breaking('Policies by risk may now ask a person, or deny, where a call passed.')),
  'risk-lowered': guarded(feature('Policies by risk may now let pass what a person had to approve.')),
  'idempotency-weakened': guarded(
    breaking('A repeated write is less surely recognised: it may happen twice, or stay unknown.'),
  ),
  'idempotency-strengthened': feature('A repeated write is recognised more surely.'),
  'settle-shortened': guarded(
    breaking('Absence is believed sooner: a write that the provider finishes late may be sent again.'),
  ),
  'settle-lengthened': fix('An unknown write waits longer before it is settled.'),
  'undo-lost': guarded(breaking('What was done can no longer be taken back.')),
  'undo-weakened': guarded(breaking('What was done is made good, no longer taken back.')),
  'undo-gained': feature('What is done can be reversed, or reversed better.'),
  'undo-action-changed': guarded(breaking('Another action, with its own scopes and risk, runs as the reversal.')),
  'timeout-shortened': breaking('Calls that finished in time may be cut off.'),
  'timeout-lengthened': feature('Slow calls are given more time.'),

  // Triggers and approval channels
  'trigger-added': feature('Workflows can react to more.'),
  'trigger-removed': breaking('Workflows that start on it never start again.'),
  'trigger-removed-without-deprecation': breaking(
    'Workflows that start on it never start again, and no release told anyone: deprecate it first.',
  ),
  'channel-added': guarded(feature('Decisions can be taken in one more place.')),
  'channel-removed': breaking('Approvals that are asked for here can no longer be asked for.'),
  'channel-removed-without-deprecation': breaking(
    'Approvals that are asked for here can no longer be asked for, and no release told anyone: deprecate it first.',
  ),
  'groups-added': guarded(feature('Rules can name groups of people, whose members are read from the vendor.')),
  'groups-removed': breaking('Rules that name groups let nobody of them approve any more.'),
  'webhook-added': feature('Changes can be noticed at once.'),
  'webhook-removed': breaking('Endpoints that the provider calls stop working.'),
  'polling-added': feature('Changes are also found without a webhook.'),
  'polling-removed': breaking('Changes whose webhook got lost are no longer found.'),
  'poll-interval-changed': feature(
    'Changes are looked for at another pace, which also changes how many calls it takes.',
  ),
  'poll-overlap-shortened': breaking('Changes that turn up late at the provider may be missed.'),
  'poll-overlap-lengthened': fix('Later changes are still found.'),
  'verification-weakened': guarded(breaking('A delivery proves less than before about who sent it and when.')),
  'verification-changed': guarded(breaking('Senders that were set up for the old verification are refused.')),
  'tolerance-lengthened': guarded(feature('An intercepted delivery can be replayed for longer.')),
  'tolerance-shortened': breaking('Deliveries that came late, but in time, are refused.'),
  'content-type-added': feature('Deliveries of one more type are parsed.'),
  'content-type-removed': breaking('Deliveries of this type are refused.'),
  'delivery-id-changed': guarded(
    breaking('Repeated deliveries are recognised by something else: one already seen may run again.'),
  ),
  'handshake-added': feature('The provider can check the endpoint when it is set up.'),
  'handshake-changed': breaking('The provider may refuse the endpoint when it is set up.'),
  'body-limit-raised': guarded(feature('Strangers can make the runtime read more before it knows them.')),
  'body-limit-lowered': breaking('Deliveries that were taken are refused.'),
  'header-added': feature('Connector code sees one more header of a delivery.'),
  'header-removed': fix('Connector code sees less of a delivery.'),

  // Values that go in: inputs, connection config, secrets, channel targets
  'input-narrowed': guarded(breaking('Values that were accepted are refused.')),
  'input-changed': guarded(
    breaking('Values that were accepted may be refused: no proof was found that all of them still pass.'),
  ),
  'input-widened': feature('Everything that was accepted still is.'),
  'input-property-added': feature('It may be left out.'),
  'input-property-removed': guarded(breaking('Callers that give it are refused, or are no longer heard.')),
  'input-property-required': guarded(breaking('Callers that leave it out are refused.')),
  'input-property-optional': feature('Callers that give it are still understood.'),
  'input-default-changed': breaking('The same call, with this left out, means something else.'),

  // Values that come out: outputs, events
  'output-widened': guarded(breaking('Consumers receive values that they were never promised to have to understand.')),
  'output-changed': guarded(
    breaking('Consumers may receive other values: no proof was found that what they rely on holds.'),
  ),
  'output-narrowed': feature('Consumers are promised more.'),
  'output-property-added': guarded(
    feature('More data leaves the provider; consumers that do not know it can pass over it.'),
  ),
  'output-property-removed': breaking('Consumers that read it no longer find it.'),
  'output-property-optional': breaking('Consumers that rely on it may not find it.'),
  'output-property-required': feature('Consumers can rely on it.'),

  // Schemas of any kind
  'schema-text-changed': fix('Words for people; the same values are valid.'),
  'schema-respelled': fix('Written differently; the same values are valid.'),
} satisfies Record<string, ChangeKindFacts>;

/** The stable ids of {@link changeKinds}. */
export type ChangeKind = keyof typeof changeKinds;
