export type { Decided } from './click.ts';
export { createApprovals } from './create-approvals.ts';
