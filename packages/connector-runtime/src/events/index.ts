export {
  type DeliveryDetails,
  type DeliveryQuery,
  type DeliverySummary,
  listDeliveries,
  showDelivery,
} from './delivery-views.ts';
export { createDeliveryWorker } from './delivery-worker.ts';
export { insertEvents } from './insert-events.ts';
export { createRecordEvents } from './record-events.ts';
export { type Replayed, replayDeadDeliveries, replayDelivery } from './replay-deliveries.ts';
