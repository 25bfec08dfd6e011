export { createPgBossQueue, type PgBossQueue } from './pg-boss-queue.ts';
