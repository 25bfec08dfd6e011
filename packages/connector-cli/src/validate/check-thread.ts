// What each thread of `checkInThreads` runs: checks the batches that it is sent.
import { parentPort, workerData } from 'node:worker_threads';
import { selectRules } from '@org/connector-sdk/validation';
import { checkInput } from './check-input.ts';
import type { CheckPlan } from './check-plan.ts';
import type { Input } from './inputs.ts';

const plan: CheckPlan = workerData;
const options = { ...plan, rules: selectRules(plan) };

parentPort?.on('message', async (batch: readonly Input[]) => {
  parentPort?.postMessage(await Promise.all(batch.map((input) => checkInput(input, options))));
});
