import type { ActivityContext } from "./activity.js";
import type { Context } from "./context.js";
import { Failure, kind } from "./failure.js";
import { decode } from "./payload.js";
import { text } from "./wire.js";
import type { Definition, Payload } from "./wire.js";

/** A function that works; called with its input. `async` or not. */
export type Activity<I, O> = (input: I, ctx: ActivityContext) => O;

/** A function that orchestrates: an `async function`, or a `function*` that yields what it waits for. */
export type Orchestration<I, O> = (ctx: Context, input: I) => O;

/** What a call of a function gives in the end. */
export type ResultOf<O> = O extends Generator<unknown, infer R, never> ? Awaited<R> : Awaited<O>;

/** What is said of a function besides its name. */
export interface DefinitionOptions<I> {
  /** One sentence for people who list what a component offers. */
  readonly description?: string;
  /**
   * Checks the input, or makes something better of it: for example a schema's `parse`.
   *
   * What it throws is a failure of kind `invalid-input`. Without it, an input is any JSON, whatever its type says.
   */
  readonly parse?: (input: unknown) => I;
}

/** A function that is offered under a name. */
export class Registered {
  readonly name: string;
  readonly call: (...args: unknown[]) => unknown;
  readonly options: DefinitionOptions<unknown>;

  constructor(name: string, call: (...args: unknown[]) => unknown, options: DefinitionOptions<unknown>) {
    this.name = name;
    this.call = call;
    this.options = options;
  }

  /** As the host lists it. */
  get definition(): Definition {
    return { name: this.name, description: this.options.description ?? "" };
  }

  /** The input that a payload stands for. Throws a `Failure` for one that does not fit. */
  read(payload: Payload): unknown {
    const value = decode(payload, kind.INVALID_INPUT);
    const { parse } = this.options;
    if (parse === undefined) {
      return value;
    }
    try {
      return parse(value);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Failure(kind.INVALID_INPUT, message, { nonRetriable: true, cause: error });
    }
  }
}

/** Functions by name, and names by function. */
class Register {
  readonly byName = new Map<string, Registered>();
  readonly #byFunction = new Map<unknown, Registered>();
  readonly #what: string;
  readonly #unknownKind: string;

  constructor(what: string, unknownKind: string) {
    this.#what = what;
    this.#unknownKind = unknownKind;
  }

  add(one: Registered): void {
    if (this.byName.has(one.name)) {
      throw new Error(`there are two ${this.#what} named ${JSON.stringify(one.name)}`);
    }
    if (typeof one.call !== "function") {
      throw new TypeError(`${JSON.stringify(one.name)} is no function`);
    }
    this.byName.set(one.name, one);
    this.#byFunction.set(one.call, one);
  }

  /** The one of that name. Throws a `Failure`. */
  find(name: string): Registered {
    const found = this.byName.get(name);
    if (found === undefined) {
      throw new Failure(this.#unknownKind, `this component has no ${JSON.stringify(name)}`, { nonRetriable: true });
    }
    return found;
  }

  /** The name of a function; a name stands for itself. Throws a `Failure`. */
  nameOf(callee: unknown): string {
    if (typeof callee === "string") {
      return text(callee);
    }
    const found = this.#byFunction.get(callee);
    if (found === undefined) {
      const name = typeof callee === "function" && callee.name !== "" ? callee.name : String(callee);
      const message = `${name} is not registered with the app that is exported`;
      throw new Failure(this.#unknownKind, message, { nonRetriable: true });
    }
    return found.name;
  }
}

/**
 * The orchestrations and activities of a component; the default export of its main module. One that is made of others
 * offers what they offer:
 *
 * ```ts
 * const app = new App();
 * export default app;
 *
 * const greet = app.activity("greet", (name: string) => `Hello, ${name}!`);
 *
 * app.orchestration("greet_all", async (ctx, names: string[]) => ctx.all(names.map((name) => ctx.activity(greet, name))));
 * ```
 */
export class App {
  /** What is offered as an orchestration. */
  readonly orchestrations = new Register("orchestrations", kind.ORCHESTRATION_NOT_FOUND);
  /** What is offered as an activity. */
  readonly activities = new Register("activities", kind.ACTIVITY_NOT_FOUND);

  constructor(...parts: App[]) {
    for (const part of parts) {
      part.orchestrations.byName.forEach((one) => this.orchestrations.add(one));
      part.activities.byName.forEach((one) => this.activities.add(one));
    }
  }

  /** Offers a function as an orchestration. Returns the function, for `ctx.child`. */
  orchestration<I = void, O = unknown>(
    name: string,
    orchestration: Orchestration<I, O>,
    options: DefinitionOptions<I> = {},
  ): Orchestration<I, O> {
    this.orchestrations.add(new Registered(name, orchestration as (...args: unknown[]) => unknown, options));
    return orchestration;
  }

  /** Offers a function as an activity. Returns the function, for `ctx.activity`. */
  activity<I = void, O = unknown>(
    name: string,
    activity: Activity<I, O>,
    options: DefinitionOptions<I> = {},
  ): Activity<I, O> {
    this.activities.add(new Registered(name, activity as (...args: unknown[]) => unknown, options));
    return activity;
  }
}
