import type { Call } from "./call.js";
import { fromWire } from "./failure.js";
import type { Action, Event, Execution, Task } from "./wire.js";

/** What a guest remembers of its execution between turns; shared by the executor, the context and all calls. */
export class Core {
  readonly execution: Execution;
  /** The time of the turn, in milliseconds since 1970. */
  nowMs = 0;
  /** How many random numbers were drawn. */
  drawn = 0;
  /** How many tasks may still be settled, that is, may move the orchestration on. */
  open = 0;
  /** Set when the orchestration calls for it; whatever else becomes of the orchestration, it ends so. */
  continuation: Action | undefined;
  /** Waits with an event that no code has taken. */
  readonly untaken = new Set<Call<unknown>>();
  #hasEnded = false;
  #actions: Action[] = [];
  /** Indexed by task id: the contract wants them dense. Undefined: settled, canceled, or never settled. */
  readonly #tasks: (Call<unknown> | undefined)[] = [];

  constructor(execution: Execution) {
    this.execution = execution;
  }

  /** Decides something. After the end nothing is decided any more. */
  push(action: Action): void {
    if (!this.#hasEnded) {
      this.#actions.push(action);
    }
  }

  /** Decides something that has a task id, which it sets. `call` hears of it when it is settled. */
  number(action: Task, call: Call<unknown> | undefined): number {
    const task = this.#tasks.length;
    action.val.task = task;
    this.#tasks.push(call);
    this.open += call === undefined ? 0 : 1;
    this.push(action);
    return task;
  }

  /**
   * Takes note of something that happened.
   *
   * Tasks that this code never scheduled, or has canceled, are passed over: when changed code replays an old history,
   * the host compares actions and reports the difference better than an error here could.
   */
  settle(event: Event): void {
    const task = event.tag === "timer-fired" ? event.val : event.val.task;
    const call = this.#tasks[task];
    if (call === undefined) {
      return;
    }
    this.close(task);
    if (event.tag === "timer-fired") {
      call.complete(null);
    } else if ("failure" in event.val) {
      call.fail(fromWire(event.val.failure));
    } else if (event.tag === "event-raised") {
      call.raise(event.val.output);
    } else {
      call.complete(event.val.output);
    }
  }

  /** Gives back all events that no code has taken. */
  giveBack(): void {
    this.untaken.forEach((call) => call.cancel());
  }

  /** Forgets about an open task. */
  close(task: number): void {
    this.#tasks[task] = undefined;
    this.open -= 1;
  }

  /** Whatever the code still does, it decides nothing more. */
  end(): void {
    this.#hasEnded = true;
  }

  /** The actions since the last call. */
  takeActions(): Action[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}
