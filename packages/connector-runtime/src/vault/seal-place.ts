/** Where a sealed value belongs. It opens there and nowhere else: rows can't be swapped, nor older ones put back. */
export interface SealContext {
  readonly tenantId: string;
  /** A connection or an endpoint. */
  readonly ownerId: string;
  readonly field: string;
  readonly generation: number;
}

/** What is authenticated beside the value. */
export function placeOf({ tenantId, ownerId, field, generation }: SealContext): readonly unknown[] {
  return ['sealed', tenantId, ownerId, field, generation];
}

export function endpointPlace(id: string, tenantId: string): SealContext {
  return { tenantId, ownerId: id, field: 'endpoint-secrets', generation: 0 };
}
