export { createTenants, type Tenants } from './tenants.ts';
