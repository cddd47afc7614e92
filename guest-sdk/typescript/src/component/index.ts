/** The way from an `App` to a component's exports. Only programs that become components import this, before all else. */

import * as activity from "../activity.js";
import type { App } from "../app.js";
import { toWire } from "../failure.js";
import { Guest } from "../guest.js";
import type { Action, ActivityContext, Definition, Execution, Payload, Turn } from "../wire.js";
import * as globals from "./globals.js";

globals.install();

/** What the world `application` exports, as componentize-qjs looks for it. */
export interface Exports {
  orchestrator: {
    describe(): Definition[];
    start(execution: Execution): void;
    run(turns: Turn[]): Action[][];
  };
  activity: {
    describe(): Definition[];
    run(name: string, input: Payload, context: ActivityContext): Payload;
  };
}

/**
 * The exports of the component that offers what an app has.
 *
 * A component instance serves exactly one execution, or one attempt of an activity. What is thrown in these functions is
 * the failure of the contract; anything else would trap.
 */
export function exportsOf(app: App): Exports {
  const definitions = (all: Map<string, { definition: Definition }>): Definition[] =>
    [...all.values()].map(({ definition }) => definition);
  let guest: Guest | undefined;
  return {
    orchestrator: {
      describe: () => definitions(app.orchestrations.byName),
      start(execution) {
        try {
          guest = new Guest(app, execution);
          globals.orchestrate(guest.core);
        } catch (error) {
          throw toWire(error);
        }
      },
      run(turns) {
        const { turn } = bound(guest);
        return turns.map(turn);
      },
    },
    activity: {
      describe: () => definitions(app.activities.byName),
      run(name, input, context) {
        try {
          globals.work();
          return activity.run(app.activities.find(name), input, context);
        } catch (error) {
          throw toWire(error);
        }
      },
    },
  };
}

function bound(guest: Guest | undefined): { turn: (turn: Turn) => Action[] } {
  if (guest === undefined) {
    throw new Error("the host calls `start` before `run`");
  }
  return { turn: (turn) => guest.turn(turn) };
}
