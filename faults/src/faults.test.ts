import { describe, expect, it } from 'vitest';
import { faultNames } from './fault-list.ts';
import { runFault } from './run-fault.ts';

/** The short form of each, with a seed that stays; `npm run faults -- <name> --size long` tries harder. */
describe('promises', () => {
  it.each(faultNames())('%s is kept, and a broken build is caught', { timeout: 300_000 }, async (name) => {
    const { ok, shown, controlCaught } = await runFault(name, { size: 'short', seed: 20_261_122, progress: () => {} });
    expect({ ok, shown, controlCaught }).toEqual({ ok: true, shown: [], controlCaught: true });
  });
});
