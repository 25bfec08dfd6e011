import type { LeftOut } from '../leave-out.ts';

/** A build that answers first and stores a moment later: the control of each promise about the 2xx. */
export const ANSWERS_EARLY: readonly LeftOut[] = [
  {
    package: 'connector-runtime',
    step: 'storeThenAnswer',
    // By place, not by name: a bundler renames parameters.
    instead:
      'const [given] = arguments; setTimeout(() => deliveries.accept(given).catch(() => {}), 200); return ACCEPTED;',
  },
];
