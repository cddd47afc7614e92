import { Guest } from "../guest.js";
import type { App } from "../app.js";
import type { Action, Event, Execution, Failure, Payload, Turn } from "../wire.js";
import { idle } from "./idle.js";

/** How something ended: with a payload, or a failure. */
export type Outcome = { payload: Payload } | { failure: Failure };

/** An external event, and how many were raised before it. */
export interface Raised {
  name: string;
  data: Payload;
  order: number;
}

/** An orchestration on its way, as the fake host remembers it. */
export class Instance {
  execution: Execution;
  /** Hears how it ends. */
  readonly watcher: ((outcome: Outcome) => void) | undefined;
  /** Counts its executions, from 0. */
  generation = 0;
  /** What it waits to hear. */
  inbox: Event[] = [];
  /** External events that nobody has taken. */
  buffered: Raised[] = [];
  /** Events that waits have, by task, from where they may come back. */
  readonly taken = new Map<number, Raised>();
  /** How many events were raised. */
  raised = 0;
  /** The names of the events that it waits for, by task. */
  readonly waits = new Map<number, string>();
  readonly canceled = new Set<number>();
  customStatus: Payload = null;
  outcome: Outcome | undefined;
  #turns: Turn[] = [];
  #decided: Action[][] = [];
  #guest: Guest;
  readonly #app: App;

  /** Throws the failure of an orchestration that cannot start. */
  constructor(app: App, execution: Execution, watcher: ((outcome: Outcome) => void) | undefined) {
    this.execution = execution;
    this.watcher = watcher;
    this.#app = app;
    this.#guest = new Guest(app, execution);
  }

  get isNew(): boolean {
    return this.#turns.length === 0;
  }

  /** Begins the next execution. */
  continue(execution: Execution, keepsEvents: boolean): void {
    this.execution = execution;
    this.generation += 1;
    this.inbox = [];
    this.buffered = keepsEvents ? this.buffered : [];
    this.waits.clear();
    this.taken.clear();
    this.canceled.clear();
    this.#turns = [];
    this.#decided = [];
    this.#guest = new Guest(this.#app, execution);
  }

  /** Runs a turn. */
  async run(turn: Turn): Promise<Action[]> {
    const actions = await answer(this.#guest, turn);
    this.#turns.push(turn);
    this.#decided.push(actions);
    return actions;
  }

  /** Runs all turns in a fresh guest; the first one in which it decides differently, if any. */
  async replay(): Promise<{ turn: number; before: Action[]; now: Action[] } | undefined> {
    const fresh = new Guest(this.#app, this.execution);
    for (const [index, turn] of this.#turns.entries()) {
      const [before, now] = [this.#decided[index] ?? [], await answer(fresh, turn)];
      if (comparable(before) !== comparable(now)) {
        return { turn: index, before, now };
      }
    }
    return undefined;
  }
}

async function answer(guest: Guest, turn: Turn): Promise<Action[]> {
  guest.begin(turn);
  await idle();
  return guest.conclude();
}

/** Without the stacks, which say through which promises of the engine's an error has come. */
function comparable(actions: Action[]): string {
  return JSON.stringify(actions, (key, value: unknown) => (key === "details" ? undefined : value));
}
