import { STEP, bits, hash, mix, unit, uuid } from "../draws.js";
import type { Draw } from "../draws.js";

/**
 * The chance of `Math.random` and `crypto.randomUUID`: a sequence that depends on a text and nothing else.
 *
 * Apart from the one of the context, so that libraries do not disturb it. An orchestration has no secrets.
 */
export class Stream {
  #state: bigint;

  constructor(seed: string) {
    this.#state = hash(seed);
  }

  /** From 0 up to, not including, 1. */
  unit(): number {
    return unit(this.#draw());
  }

  /** A UUID of version 4. */
  uuid(): string {
    return uuid(this.#draw());
  }

  #draw(): Draw {
    return { high: this.#next(), low: this.#next() };
  }

  /** SplitMix64. */
  #next(): bigint {
    this.#state = bits(this.#state + STEP);
    return mix(this.#state);
  }
}
