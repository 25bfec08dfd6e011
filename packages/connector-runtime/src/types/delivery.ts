import type { ManifestReception } from '@org/connector-sdk';
import type { Secret } from './secret.ts';

/** What arrived, untouched. Nothing in it may be believed. */
export interface RawDelivery {
  /** The opaque last part of the path. */
  readonly endpointToken: string;
  /** As received, in order, repeats included; names lower-case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

/** What an endpoint's deliveries are for: events of a trigger, or clicks of an approval channel. */
export type EndpointPurpose =
  | { readonly kind: 'trigger'; readonly name: string }
  | { readonly kind: 'approval'; readonly name: string };

/** An opaque webhook address of one tenant's connection. */
export interface Endpoint {
  readonly id: string;
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly connectionId: string;
  /** Connector id, for example `servicenow`. */
  readonly connector: string;
  readonly purpose: EndpointPurpose;
  readonly reception: ManifestReception;
  /** The one of its addresses that was asked for. */
  readonly addressId: string;
  /** Any of them verifies; several while a rotation overlaps. */
  readonly secrets: readonly EndpointSecret[];
  readonly disabled: boolean;
  /** When the address or one of the secrets ends, if one does; milliseconds since 1970. From then on this is outdated. */
  readonly validUntil: number | null;
}

export interface EndpointSecret {
  readonly id: string;
  readonly secret: Secret;
}

declare const verified: unique symbol;

/** A delivery whose sender proved itself. Only `verifyDelivery` makes one. */
export interface VerifiedDelivery {
  readonly [verified]: true;
  readonly id: string;
  readonly endpoint: Endpoint;
  /** Which of the endpoint's secrets its signature fits. */
  readonly secretIds: readonly string[];
  /** The sender's own id of the delivery: one per endpoint. */
  readonly deliveryKey: string;
  /** SHA-256 of the body where the id is not covered by the signature, so that a replay under a new id is still one. */
  readonly dedupeDigest: Uint8Array | null;
  readonly contentType: string;
  /** Only those that the reception declares. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly receivedAt: number;
  /** Answer of a handshake; the delivery is then not stored. */
  readonly handshake?: { readonly contentType: string; readonly body: string };
}

/** A stored delivery, claimed as work. */
export interface PendingDelivery {
  readonly id: string;
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly endpointId: string;
  readonly connectionId: string;
  readonly connector: string;
  readonly purpose: EndpointPurpose;
  readonly deliveryKey: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly receivedAt: number;
  /** How often it was claimed, this time included. It fences: whoever holds an older number writes nothing. */
  readonly claims: number;
  /** How often since it was accepted, or replayed. */
  readonly tries: number;
}

/** What came of a delivery; `no-trigger`: its connector saw no event in it. */
export type DeliveryOutcome = 'events' | 'duplicate-events' | 'no-trigger' | 'decision' | 'no-decision';

/** Beside the outcome: counts of events that were new and seen before, and of runs; or what was decided. */
export type DeliveryResult =
  | { readonly events: number; readonly duplicates: number; readonly runs: number }
  | {
      readonly approvalId: string;
      readonly decision: 'approved' | 'denied';
      readonly status: string;
      readonly code?: string;
    };

/** A verified, deduplicated change at the SaaS. */
export interface TenantEvent {
  readonly id: string;
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly connectionId: string;
  /** Full name: `servicenow.incident-changed`. */
  readonly trigger: string;
  readonly eventKey: string;
  readonly data: unknown;
  readonly receivedAt: number;
}
