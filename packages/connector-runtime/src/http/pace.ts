/** The time of an answer, in steps that are counted from here on: what happens in between does not show. */
export interface Pace {
  /** Gives the value at the next step. */
  next<T>(value: T): Promise<T>;
  /** Gives the value at once. */
  stop<T>(value: T): T;
}

/** The steps begin now, whatever will be waited for: a timer that began later would carry that time on. */
export function startPace(stepMs: number): Pace {
  if (stepMs === 0) return AT_ONCE;
  let atStep: (() => void) | undefined;
  const timer = setInterval(() => atStep?.(), stepMs);
  return {
    next: (value) =>
      new Promise((resolve) => {
        atStep = () => {
          clearInterval(timer);
          resolve(value);
        };
      }),
    stop(value) {
      clearInterval(timer);
      return value;
    },
  };
}

const AT_ONCE: Pace = { next: async (value) => value, stop: (value) => value };
