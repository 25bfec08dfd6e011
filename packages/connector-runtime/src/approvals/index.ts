export { createApprovals } from './create-approvals.ts';
