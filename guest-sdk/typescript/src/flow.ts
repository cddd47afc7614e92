import { Cancelable } from "./call.js";
import { canceled } from "./failure.js";
import { DurablePromise, nothing } from "./promise.js";

/** A generator on its way: it yields what it waits for, and is given the result. */
export class Flow<T> extends Cancelable<T> {
  protected override readonly tellsOfFailure: boolean = true;
  readonly #code: Generator<unknown, T>;
  #awaiting: DurablePromise<unknown> | undefined;
  #isCanceled = false;

  constructor(code: Generator<unknown, T>) {
    super(nothing);
    this.#code = code;
    this.#step(() => code.next());
  }

  /** Ends it where it waits, and cancels what it waits for. Its `finally` blocks run; what they yield is ignored. */
  override cancel(): void {
    if (this.#isCanceled || this.status !== "pending") {
      return;
    }
    this.#isCanceled = true;
    cancel(this.#awaiting);
    try {
      this.#code.return(undefined as T);
    } catch {
      // Nobody is left to hear of it.
    }
    this.observe();
    this.settle("rejected", canceled());
  }

  #step(go: () => IteratorResult<unknown, T>): void {
    if (this.#isCanceled || this.status !== "pending") {
      return;
    }
    let result: IteratorResult<unknown, T>;
    try {
      result = go();
    } catch (error) {
      this.settle("rejected", error);
      return;
    }
    if (result.done === true) {
      this.resolve(result.value);
      return;
    }
    const awaiting = promiseOf(result.value);
    this.#awaiting = awaiting;
    awaiting.react(() => {
      const { status, outcome } = awaiting;
      this.#step(() => (status === "fulfilled" ? this.#code.next(outcome) : this.#code.throw(outcome)));
    });
  }
}

/** Whether something is what a call of a `function*` returns. */
export function isGenerator(value: unknown): value is Generator<unknown, unknown> {
  const object = value as Partial<Generator> | null | undefined;
  return typeof object === "object" && typeof object?.next === "function" && typeof object.throw === "function";
}

/** What can be waited for together with others, as a promise. A generator begins to run. */
export function promiseOf(item: unknown): DurablePromise<unknown> {
  return isGenerator(item) ? new Flow(item) : DurablePromise.resolve(item);
}

/** Cancels what can be canceled. An async function cannot: it goes on, and nobody waits for it. */
export function cancel(item: unknown): void {
  if (item instanceof Cancelable) {
    item.cancel();
  }
}
