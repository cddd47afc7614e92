import { Cancelable } from "./call.js";
import { Failure, canceled, kind } from "./failure.js";
import { cancel, promiseOf } from "./flow.js";
import { wake } from "./loop.js";
import type { Decision } from "./loop.js";
import { nothing } from "./promise.js";
import type { DurablePromise } from "./promise.js";

/**
 * Several things that are waited for at once.
 *
 * It decides when all that can go on in a turn has gone on: of several members that are settled in the same turn, the
 * one given first counts, whatever the order of the events.
 */
abstract class Combination<T> extends Cancelable<T> implements Decision {
  readonly members: readonly DurablePromise<unknown>[];
  /** The first member that decides it, as far as is known. */
  protected first = Infinity;
  /** Until what becomes of it is known. */
  #isOpen = true;
  /** Until some code takes the result, and with it those of members. */
  #holdsResults = true;

  constructor(items: Iterable<unknown>) {
    super(nothing);
    this.members = Array.from(items, promiseOf);
  }

  /** Begins to look at its members. */
  begin(): this {
    this.members.forEach((member, index) => member.watch(() => this.#settled(index, member)));
    return this;
  }

  get hesitates(): boolean {
    return this.#isOpen && this.status === "pending" && this.first !== Infinity;
  }

  decide(isLast: boolean): void {
    if (this.hesitates && (isLast || this.isCertain())) {
      const index = this.first;
      this.end(index, this.members[index] as DurablePromise<unknown>);
    }
  }

  override cancel(): void {
    if (this.#isOpen && this.status === "pending") {
      this.finish("rejected", canceled());
    } else if (this.#holdsResults && this.status !== "pending") {
      this.#holdsResults = false;
      this.members.forEach(cancel);
    }
  }

  override taken(): void {
    if (this.#holdsResults) {
      this.#holdsResults = false;
      this.members.forEach((member) => member.taken());
    }
  }

  /** Ends with what becomes of the member of that index, if of any, and cancels the others. */
  protected finish(status: "fulfilled" | "rejected", outcome: unknown, index = -1): void {
    this.#isOpen = false;
    // First, because the orchestration may end by what this settles, and after its end nothing is decided.
    this.members.forEach((member, at) => {
      if (at !== index) {
        cancel(member);
      }
    });
    this.settle(status, outcome);
  }

  #settled(index: number, member: DurablePromise<unknown>): void {
    if (this.#isOpen && this.status === "pending" && this.note(member) && index < this.first) {
      this.first = index;
      wake(this);
    }
  }

  /** Takes note of a member that is settled; whether that decides the whole. */
  protected abstract note(member: DurablePromise<unknown>): boolean;
  /** Whether no member that comes before `first` can decide it any more. */
  protected abstract isCertain(): boolean;
  /** Settles this with what has become of the member that decides it. */
  protected abstract end(index: number, member: DurablePromise<unknown>): void;
}

/** The results of all, or the first failure. */
export class All<T> extends Combination<T> {
  #fulfilled = 0;
  /** So many members from the first one on are fulfilled, as far as was looked. */
  #fulfilledInFront = 0;

  override begin(): this {
    super.begin();
    if (this.members.length === 0) {
      this.settle("fulfilled", []);
    }
    return this;
  }

  protected override note(member: DurablePromise<unknown>): boolean {
    if (member.status === "rejected") {
      return true;
    }
    this.#fulfilled += 1;
    if (this.#fulfilled === this.members.length) {
      const results = this.members.map(({ outcome }) => outcome);
      this.settle("fulfilled", results);
    }
    return false;
  }

  protected override isCertain(): boolean {
    while (this.members[this.#fulfilledInFront]?.status === "fulfilled") {
      this.#fulfilledInFront += 1;
    }
    return this.#fulfilledInFront === this.first;
  }

  protected override end(index: number, member: DurablePromise<unknown>): void {
    this.finish("rejected", member.outcome, index);
  }
}

/** The index and the result of the first one. */
export class Race<T> extends Combination<T> {
  protected override note(): boolean {
    return true;
  }

  protected override isCertain(): boolean {
    return this.first === 0;
  }

  protected override end(index: number, { status, outcome }: DurablePromise<unknown>): void {
    this.finish(status as "fulfilled" | "rejected", status === "fulfilled" ? [index, outcome] : outcome, index);
  }
}

/** The index of the first one; the others go on. */
export class WhenAny extends Race<number> {
  override cancel(): void {
    if (this.status === "pending") {
      super.cancel();
    }
  }

  override taken(): void {
    // Who knows that a wait is settled may go on because of that, and never look at its event.
    this.members[this.first]?.taken();
  }

  protected override end(index: number): void {
    this.settle("fulfilled", index);
  }
}

/** The result of the first of two, of which the second is a timer. */
export class Timeout<T> extends Race<T> {
  protected override end(index: number, { status, outcome }: DurablePromise<unknown>): void {
    if (index === 0) {
      this.finish(status as "fulfilled" | "rejected", outcome, index);
    } else {
      this.finish("rejected", new Failure(kind.TIMEOUT, "the time was over before it was done"));
    }
  }
}
