/** What a holder of the admin API may do: see the table in `docs/guides/platform.md`. */
export const adminRoles = ['viewer', 'operator', 'admin', 'security-admin'] as const;

export type AdminRole = (typeof adminRoles)[number];

/**
 * What each role has of the others. `security-admin` does not have `admin`: who decides which code is trusted is not by that
 * who connects it.
 */
const includes: Readonly<Record<AdminRole, readonly AdminRole[]>> = {
  viewer: ['viewer'],
  operator: ['viewer', 'operator'],
  admin: ['viewer', 'operator', 'admin'],
  'security-admin': ['viewer', 'security-admin'],
};

export function hasRole(held: readonly AdminRole[], needed: AdminRole): boolean {
  return held.some((role) => includes[role].includes(needed));
}
