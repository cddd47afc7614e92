import type { App, Registered } from "./app.js";
import { Context } from "./context.js";
import { Core } from "./core.js";
import { ContinuesAsNew, Failure, kind, toWire } from "./failure.js";
import { promiseOf } from "./flow.js";
import { drain } from "./loop.js";
import { encode } from "./payload.js";
import { DurablePromise, takeUnhandled } from "./promise.js";
import type { Action, Execution, Turn } from "./wire.js";

/** So many failures that nobody has looked at are told. */
const UNHANDLED_MAX = 10;

/** One execution: turns in, actions out. */
export class Guest {
  readonly core: Core;
  readonly #orchestration: Registered;
  readonly #ctx: Context;
  readonly #input: unknown;
  #running: DurablePromise<unknown> | undefined;
  #hasEnded = false;

  /**
   * Finds the orchestration and reads its input. None of its code runs yet.
   *
   * Throws a `Failure` when there is no such orchestration, or the input does not fit.
   */
  constructor(app: App, execution: Execution) {
    this.core = new Core(execution);
    this.#orchestration = app.orchestrations.find(execution.name);
    this.#ctx = new Context(this.core, app);
    this.#input = this.#orchestration.read(execution.input);
  }

  /** Takes note of what happened, goes on as far as it can, and tells what was decided. Never throws. */
  turn(turn: Turn): Action[] {
    this.begin(turn);
    drain();
    return this.conclude();
  }

  /** The first part of a turn: takes note of what happened. */
  begin(turn: Turn): void {
    this.core.nowMs = turn.now;
    for (const event of turn.events) {
      this.core.settle(event);
    }
    if (this.#running === undefined) {
      this.#running = DurablePromise.try(() => promiseOf(this.#orchestration.call(this.#ctx, this.#input)));
      // What other branches do after the end is of no consequence, also in the turn in which it comes.
      this.#running.watch(() => {
        if (this.core.continuation !== undefined) {
          this.core.giveBack();
        }
        this.core.end();
      });
    }
  }

  /** The last part of a turn, when nothing can go on: what was decided. */
  conclude(): Action[] {
    const actions = this.core.takeActions();
    if (!this.#hasEnded && this.#running !== undefined) {
      actions.push(...this.#end(this.#running));
    }
    return actions;
  }

  /** The last actions, when the orchestration has ended. */
  #end(running: DurablePromise<unknown>): Action[] {
    const isStalled = running.status === "pending" && this.core.open === 0;
    if (running.status === "pending" && !isStalled) {
      return [];
    }
    this.#hasEnded = true;
    this.core.end();
    const unhandled = takeUnhandled().filter((reason) => !(reason instanceof ContinuesAsNew));
    const lines = unhandled.slice(0, UNHANDLED_MAX).map((reason): Action => {
      const { kind, message } = toWire(reason);
      return { tag: "log", val: { level: "warn", message: `a failure that nobody has caught: ${kind}: ${message}` } };
    });
    return [...lines, this.core.continuation ?? outcome(running)];
  }
}

function outcome(running: DurablePromise<unknown>): Action {
  try {
    if (running.status === "fulfilled") {
      return { tag: "complete", val: encode(running.outcome) };
    }
    const message = "the orchestration awaits something that no activity, child, timer or event will complete";
    throw running.status === "rejected" ? running.outcome : new Failure(kind.STALLED, message, { nonRetriable: true });
  } catch (error) {
    return { tag: "fail", val: toWire(error) };
  }
}
