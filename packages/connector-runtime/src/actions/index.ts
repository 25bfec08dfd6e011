export { createActions } from './perform-action.ts';
