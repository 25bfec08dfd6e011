/** Who waits for a request: a person, a run, or nobody in particular (polling). */
export type Priority = 'interactive' | 'run' | 'background';
