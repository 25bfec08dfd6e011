import { inspect } from 'node:util';

const SHOWN = '[secret]';

/**
 * A value that can't be printed, serialised, interpolated or concatenated by accident: only {@link reveal} gives it. It has no
 * enumerable part, so that a structured clone (`postMessage`, v8's serialiser) carries nothing.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it where it leaves the process for its owner, and nowhere else. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toLocaleString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  get [Symbol.toStringTag](): string {
    return 'Secret';
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
