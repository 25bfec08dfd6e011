import { isSecretReference, type RequireAllowedReferences, type ResolveSecrets } from '../types/secret-reference.ts';

/** For tests of what does not refer to secrets elsewhere. */
export const literalSecrets: { resolveSecrets: ResolveSecrets; requireAllowedReferences: RequireAllowedReferences } = {
  async resolveSecrets(_tenantId, values) {
    return Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => (isSecretReference(value) ? [] : [[name, value]])),
    );
  },
  requireAllowedReferences: async () => undefined,
};
