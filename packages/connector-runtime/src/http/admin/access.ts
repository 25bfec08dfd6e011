import type { TokenHolder } from '../../api-tokens/index.ts';
import { RuntimeError } from '../../types/errors.ts';
import { hasRole } from '../../types/roles.ts';
import type { AdminRoute } from './route.ts';

/**
 * Whether a holder gets to an operation at all, before anything is read: not by role, not by reach, not into another tenant.
 * A tenant that is not the holder's own is answered like one that does not exist.
 *
 * @throws RuntimeError `ADMIN_FORBIDDEN` | `ADMIN_DEPLOYMENT_ONLY` | `TENANT_UNKNOWN`
 */
export function requireAccess(holder: TokenHolder, { role, reach }: AdminRoute, tenantId: string | undefined): void {
  if (holder.tenantId !== undefined && reach === 'deployment') {
    throw new RuntimeError('ADMIN_DEPLOYMENT_ONLY', 'this is for tokens of the whole deployment, not for a tenant’s');
  }
  if (!hasRole(holder.roles, role)) {
    throw new RuntimeError('ADMIN_FORBIDDEN', `this token may not do that: it needs the role ${role}`, {
      details: { role },
    });
  }
  if (tenantId !== undefined) requireTenant(holder.tenantId, tenantId);
}

/** Throws `TENANT_UNKNOWN` for any other tenant than the token's own, whether there is one or not. */
export function requireTenant(within: string | undefined, tenantId: string): void {
  if (within === undefined || within === tenantId) return;
  throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenantId}`);
}
