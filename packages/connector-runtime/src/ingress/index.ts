export { type Admitted, createAdmission } from './admission.ts';
export type { DeliveryRate } from './delivery-rate.ts';
export { generateEndpointSecret, requireUsableSecret } from './endpoint-secret.ts';
export { createIngress, type Ingress, type IngressOptions, type UnreadRefusal } from './ingress.ts';
export { createPostgresDeliveryStore } from './postgres-delivery-store.ts';
export { createPostgresEndpointStore } from './postgres-endpoint-store.ts';
export { createRefusalLedger, type RefusalLedger } from './refusal-ledger.ts';

export type { IngressAnswer } from './webhook-answer.ts';
