import { enqueue } from "./loop.js";

type Resolve<T> = (value: T | PromiseLike<T>) => void;
type Reject = (reason?: unknown) => void;
type OnFulfilled<T, A> = ((value: T) => A | PromiseLike<A>) | null | undefined;
type OnRejected<B> = ((reason: unknown) => B | PromiseLike<B>) | null | undefined;
type Settled<T> = { status: "fulfilled"; value: T } | { status: "rejected"; reason: unknown };

/** Promises that were rejected and that nobody has looked at since. */
const unhandled = new Set<DurablePromise<unknown>>();

/** Forgets about the promises whose failure nobody has looked at, and returns the failures. */
export function takeUnhandled(): unknown[] {
  const reasons = [...unhandled].map((promise) => promise.outcome);
  unhandled.clear();
  return reasons;
}

/**
 * A promise whose reactions run in a queue of our own; inside a component it takes the place of `Promise`.
 *
 * It behaves like the standard one, except that it adopts its own kind without a detour through the queue.
 */
export class DurablePromise<T> implements Promise<T> {
  /** How far it is. */
  status: "pending" | "fulfilled" | "rejected" = "pending";
  /** Its value, or the reason of its failure; nothing while it is pending. */
  outcome: unknown = undefined;
  /** Whether a failure that nobody looks at is worth telling. */
  protected readonly tellsOfFailure: boolean = true;
  #reactions: (() => void)[] | undefined;
  #watchers: (() => void)[] | undefined;
  #isObserved = false;

  constructor(executor: (resolve: Resolve<T>, reject: Reject) => void) {
    if (executor === nothing) {
      return;
    }
    const [resolve, reject] = this.#functions();
    try {
      executor(resolve, reject);
    } catch (error) {
      reject(error);
    }
  }

  then<A = T, B = never>(onFulfilled?: OnFulfilled<T, A>, onRejected?: OnRejected<B>): DurablePromise<A | B> {
    const derived = new DurablePromise<A | B>(nothing);
    this.react(() => {
      const isFulfilled = this.status === "fulfilled";
      this.taken();
      const react = (isFulfilled ? onFulfilled : onRejected) as ((outcome: unknown) => unknown) | null | undefined;
      if (typeof react !== "function") {
        derived.settle(isFulfilled ? "fulfilled" : "rejected", this.outcome);
        return;
      }
      try {
        derived.resolve(react(this.outcome));
      } catch (error) {
        derived.settle("rejected", error);
      }
    });
    return derived;
  }

  catch<B = never>(onRejected?: OnRejected<B>): DurablePromise<T | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): DurablePromise<T> {
    if (typeof onFinally !== "function") {
      return this.then();
    }
    const first = (): DurablePromise<unknown> => DurablePromise.try(onFinally);
    return this.then(
      (value) => first().then(() => value),
      (reason) =>
        first().then(() => {
          throw reason;
        }),
    );
  }

  get [Symbol.toStringTag](): string {
    return "Promise";
  }

  /** Runs a job as soon as this is settled and all that came before has run. */
  react(job: () => void): void {
    this.observe();
    if (this.status !== "pending") {
      enqueue(job);
    } else if (this.#reactions === undefined) {
      this.#reactions = [job];
    } else {
      this.#reactions.push(job);
    }
  }

  /** Is told at the very moment at which this is settled; at once when it is. */
  watch(watcher: () => void): void {
    this.observe();
    if (this.status !== "pending") {
      watcher();
    } else {
      (this.#watchers ??= []).push(watcher);
    }
  }

  /** Is told when code is about to have the value. */
  taken(): void {
    // Only what can be given back keeps account.
  }

  /** Notes that somebody looks at what becomes of this. */
  observe(): void {
    if (!this.#isObserved) {
      this.#isObserved = true;
      unhandled.delete(this);
    }
  }

  /** Settles this, or lets it follow what is a promise. No effect when it is settled. */
  protected resolve(value: unknown): void {
    if (value instanceof DurablePromise && value !== this) {
      value.watch(() => {
        value.taken();
        this.settle(value.status as "fulfilled" | "rejected", value.outcome);
      });
      return;
    }
    try {
      if (value === this) {
        throw new TypeError("a promise cannot wait for itself");
      }
      const then = isObject(value) ? value["then"] : undefined;
      if (typeof then !== "function") {
        this.settle("fulfilled", value);
        return;
      }
      const [resolve, reject] = this.#functions();
      enqueue(() => {
        try {
          then.call(value, resolve, reject);
        } catch (error) {
          reject(error);
        }
      });
    } catch (error) {
      this.settle("rejected", error);
    }
  }

  /** Settles this, once. */
  protected settle(status: "fulfilled" | "rejected", outcome: unknown): void {
    if (this.status !== "pending") {
      return;
    }
    this.status = status;
    this.outcome = outcome;
    const [watchers, reactions] = [this.#watchers, this.#reactions];
    this.#watchers = this.#reactions = undefined;
    if (status === "rejected" && !this.#isObserved && this.tellsOfFailure) {
      unhandled.add(this);
    }
    watchers?.forEach((watcher) => watcher());
    reactions?.forEach(enqueue);
  }

  /** What an executor is given: of the two, only the first call counts. */
  #functions(): [(value: unknown) => void, Reject] {
    let isCalled = false;
    const once = (then: () => void): void => {
      if (!isCalled) {
        isCalled = true;
        then();
      }
    };
    return [(value) => once(() => this.resolve(value)), (reason) => once(() => this.settle("rejected", reason))];
  }

  static resolve<T>(value?: T): DurablePromise<Awaited<T>> {
    return value instanceof DurablePromise ? value : new DurablePromise((resolve) => resolve(value as Awaited<T>));
  }

  static reject<T = never>(reason?: unknown): DurablePromise<T> {
    return new DurablePromise((_, reject) => reject(reason));
  }

  static all(items: Iterable<unknown>): DurablePromise<unknown[]> {
    return collect(items, (item, fulfil, reject) => item.then(fulfil, reject));
  }

  static allSettled(items: Iterable<unknown>): DurablePromise<Settled<unknown>[]> {
    return collect(items, (item, fulfil) =>
      item.then(
        (value) => fulfil({ status: "fulfilled", value }),
        (reason) => fulfil({ status: "rejected", reason }),
      ),
    );
  }

  static any(items: Iterable<unknown>): DurablePromise<unknown> {
    // The same as `all`, with the two ways of ending exchanged.
    const failures = collect<unknown>(items, (item, fulfil, reject) => item.then(reject, fulfil));
    return failures.then(
      (reasons) => {
        throw new AggregateError(reasons, "all promises were rejected");
      },
      (value) => value,
    );
  }

  static race(items: Iterable<unknown>): DurablePromise<unknown> {
    return new DurablePromise((resolve, reject) => {
      let isOpen = true;
      for (const item of items) {
        const promise = DurablePromise.resolve(item);
        // A loser is not taken: what it has is still there for whoever awaits it.
        promise.react(() => {
          if (isOpen) {
            isOpen = false;
            promise.taken();
            (promise.status === "fulfilled" ? resolve : reject)(promise.outcome);
          }
        });
      }
    });
  }

  static withResolvers<T>(): { promise: DurablePromise<T>; resolve: Resolve<T>; reject: Reject } {
    let functions: [Resolve<T>, Reject] | undefined;
    const promise = new DurablePromise<T>((...both) => (functions = both));
    const [resolve, reject] = functions as unknown as [Resolve<T>, Reject];
    return { promise, resolve, reject };
  }

  static try<A extends unknown[]>(call: (...args: A) => unknown, ...args: A): DurablePromise<unknown> {
    return new DurablePromise((resolve) => resolve(call(...args)));
  }

  static get [Symbol.species](): unknown {
    return this;
  }
}

function collect<T>(
  items: Iterable<unknown>,
  follow: (item: DurablePromise<unknown>, fulfil: (value: T) => void, reject: Reject) => void,
): DurablePromise<T[]> {
  return new DurablePromise((resolve, reject) => {
    const values: T[] = [];
    let open = 1;
    const isDone = (): void => {
      open -= 1;
      if (open === 0) {
        resolve(values);
      }
    };
    let count = 0;
    for (const item of items) {
      const index = count++;
      open += 1;
      const fulfil = (value: T): void => {
        values[index] = value;
        isDone();
      };
      follow(DurablePromise.resolve(item), fulfil, reject);
    }
    isDone();
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** The executor of a promise that is settled from elsewhere. */
export function nothing(): void {}
