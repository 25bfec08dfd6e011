export { type DeliveryQuery, type DeliverySummary, listDeliveries } from './delivery-list.ts';
export { createDeliveryWorker } from './delivery-worker.ts';
export { insertEvents } from './insert-events.ts';
