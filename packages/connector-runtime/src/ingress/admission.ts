export interface AdmissionLimits {
  /** Requests that were taken up and are not answered yet. Default 1,000. */
  readonly maxRequests?: number | undefined;
  /** Bytes of all their bodies together, as far as they arrived. Default 134,217,728 (128 MiB). */
  readonly maxBytes?: number | undefined;
}

/** Bounds what strangers can make this node hold at once, before anything is known of any of them. */
export interface Admission {
  /** Undefined when as many are in hand as may be. */
  enter(): Admitted | undefined;
  readonly requests: number;
  readonly bytes: number;
}

/** One request in hand. */
export interface Admitted {
  /** Called for each piece of the body as it arrives; false when there is no memory for it. */
  take(bytes: number): boolean;
  /** It is decided, or its sender is gone; once more does nothing. */
  leave(): void;
}

export function createAdmission({ maxRequests = 1000, maxBytes = 134_217_728 }: AdmissionLimits = {}): Admission {
  let requests = 0;
  let bytes = 0;

  class InHand implements Admitted {
    #bytes = 0;
    #isGone = false;

    take(more: number): boolean {
      if (bytes + more > maxBytes) return false;
      bytes += more;
      this.#bytes += more;
      return true;
    }

    leave(): void {
      if (this.#isGone) return;
      this.#isGone = true;
      requests -= 1;
      bytes -= this.#bytes;
    }
  }

  return {
    enter() {
      if (requests >= maxRequests) return undefined;
      requests += 1;
      return new InHand();
    },
    get requests() {
      return requests;
    },
    get bytes() {
      return bytes;
    },
  };
}
