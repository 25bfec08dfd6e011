export { createPolling, type PollingSettings, type PollingStage } from './polling.ts';
