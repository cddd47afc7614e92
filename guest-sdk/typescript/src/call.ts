import type { Core } from "./core.js";
import { canceled, kind } from "./failure.js";
import { decode } from "./payload.js";
import { DurablePromise, nothing } from "./promise.js";
import type { Payload, Task } from "./wire.js";

/** A promise of the SDK's, in which one may lose interest. */
export abstract class Cancelable<T> extends DurablePromise<T> {
  // Its failure is in the history, where people look for it.
  protected override readonly tellsOfFailure: boolean = false;

  /**
   * Loses interest in it: whoever still awaits it gets a failure of kind `canceled`. No effect when it is settled, but
   * that events which nobody has taken go back to where they were.
   */
  abstract cancel(): void;
}

/** An activity, a child, a timer or an event, as an orchestration waits for it. It was scheduled when it was made. */
export class Call<T> extends Cancelable<T> {
  readonly #core: Core;
  readonly #task: number;
  /** Whether it is a wait that has an event which no code has taken. */
  #holdsEvent = false;

  private constructor(core: Core, task: Task | undefined) {
    super(nothing);
    this.#core = core;
    this.#task = task === undefined ? 0 : core.number(task, this);
  }

  /** Schedules it. */
  static begin<T>(core: Core, task: Task): Call<T> {
    return new Call<T>(core, task);
  }

  /** A call that could not be built: it fails when it is awaited, and schedules nothing. */
  static broken<T>(core: Core, error: unknown): Call<T> {
    const call = new Call<T>(core, undefined);
    call.fail(error);
    return call;
  }

  /**
   * Loses interest in it; whoever still awaits it gets a failure of kind `canceled`.
   *
   * A timer does not fire, a wait takes no event, an activity is interrupted where possible. A child goes on, but its
   * result is dropped. No effect when it is settled, but that an event which no code has taken goes back to where it
   * was, for the next wait.
   */
  override cancel(): void {
    if (this.status === "pending") {
      this.#core.close(this.#task);
      this.#core.push({ tag: "cancel", val: this.#task });
      this.fail(canceled());
    } else if (this.#holdsEvent) {
      this.taken();
      this.#core.push({ tag: "cancel", val: this.#task });
      this.status = "rejected";
      this.outcome = canceled();
    }
  }

  /** Settles a wait with its event, which is kept here until some code takes it. */
  raise(payload: Payload): void {
    this.#holdsEvent = true;
    this.#core.untaken.add(this);
    this.complete(payload);
  }

  override taken(): void {
    if (this.#holdsEvent) {
      this.#holdsEvent = false;
      this.#core.untaken.delete(this);
    }
  }

  /** Settles it with its result. */
  complete(payload: Payload): void {
    try {
      this.settle("fulfilled", decode(payload, kind.INVALID_OUTPUT));
    } catch (failure) {
      this.fail(failure);
    }
  }

  /** Settles it with its failure. */
  fail(failure: unknown): void {
    this.settle("rejected", failure);
  }
}
