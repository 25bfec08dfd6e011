import type { Timeline } from './ports.ts';

/** The machine's monotonic clock: setting the time of day neither ends a lease early nor makes it longer. */
export const systemTimeline: Timeline = {
  now: () => performance.now(),
  wake(at, work) {
    const timer = setTimeout(work, Math.max(0, Math.ceil(at - performance.now())));
    return () => clearTimeout(timer);
  },
};
