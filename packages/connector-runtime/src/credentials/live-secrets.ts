import type { SecretRegister } from './ports.ts';

export interface LiveSecrets {
  /** These are the owner's secret values now. Those of the time before stay known once more: they may still be on their way. */
  keep(ownerId: string, generation: number, values: readonly string[]): void;
}

/** Tells the scrubber what is secret, each value once, and forgets what was replaced twice. */
export function createLiveSecrets(register: SecretRegister): LiveSecrets {
  const owners = new Map<string, { generation: number; current: Set<string>; previous: Set<string> }>();
  return {
    keep(ownerId, generation, values) {
      const known = owners.get(ownerId);
      if (known?.generation === generation) return;
      const current = new Set(values);
      for (const value of current) register.register(value);
      for (const value of known?.previous ?? []) register.unregister(value);
      owners.set(ownerId, { generation, current, previous: known?.current ?? new Set() });
    },
  };
}
