/**
 * Runs orchestrations in an ordinary unit test: no WebAssembly, no host, no waiting.
 *
 * Time is virtual: a timer of three days fires at once when nothing else is left to do. Activities and children of the
 * same app really run unless the test replaces them. After every turn the whole history is replayed into a fresh copy
 * of the orchestration, which must decide the same again; so every test is also a test of determinism.
 *
 * ```ts
 * const harness = new Harness(app).activity("charge", () => "paid").event("approval", true, { days: 1 });
 * const run = await harness.run("order", order);
 * assert.equal(run.result(), "shipped");
 * assert.equal(run.elapsedMs, 86_400_000);
 * ```
 */

import type { App } from "../app.js";
import { millis, moment } from "../duration.js";
import type { Duration } from "../duration.js";
import { fromWire } from "../failure.js";
import { encode } from "../payload.js";
import type { Instance } from "./instance.js";
import { World } from "./world.js";
import type { Double } from "./world.js";

export type { Double } from "./world.js";

/** Who the orchestration of a test is. */
export interface HarnessOptions {
  readonly instanceId?: string;
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** When the test begins, in virtual time. */
  readonly start?: Date;
}

/** How an orchestration went. */
export class Run {
  /** What was decided and what happened, in the order of it; of all instances. */
  readonly log: readonly string[];
  /** How much virtual time has passed. */
  readonly elapsedMs: number;
  /** How many executions there were; more than one after a continue-as-new. */
  readonly executions: number;
  /** What was set last. */
  readonly customStatus: unknown;
  readonly #instance: Instance;

  constructor(world: World, instance: Instance) {
    this.log = world.log;
    this.elapsedMs = world.nowMs - world.startMs;
    this.executions = instance.generation + 1;
    this.customStatus = instance.customStatus === null ? undefined : JSON.parse(instance.customStatus);
    this.#instance = instance;
  }

  /** What it returned, as decoded JSON; throws its `Failure`. */
  result(): unknown {
    const { outcome } = this.#instance;
    if (outcome === undefined || "failure" in outcome) {
      throw outcome === undefined ? new Error("it has not ended") : fromWire(outcome.failure);
    }
    return outcome.payload === null ? undefined : JSON.parse(outcome.payload);
  }
}

/** A test's stage: what is there, what is replaced, what happens from outside. */
export class Harness {
  readonly #world: World;
  readonly #options: HarnessOptions;

  constructor(app: App, options: HarnessOptions = {}) {
    this.#world = new World(app, moment(options.start ?? Date.UTC(2030, 0)));
    this.#options = options;
  }

  /** Puts a function, from its decoded input to its result, in the place of an activity. It takes no time. */
  activity(name: string, double: Double): this {
    this.#world.activities.set(name, double);
    return this;
  }

  /** The same in the place of an orchestration that is called as a child. */
  child(name: string, double: Double): this {
    this.#world.children.set(name, double);
    return this;
  }

  /** Raises an external event on the orchestration, before its first turn or at a later time. */
  event(name: string, data?: unknown, after: Duration = 0): this {
    const payload = encode(data);
    this.#world.at(millis(after), () => this.#world.raise(this.#instanceId, name, payload));
    return this;
  }

  /**
   * Runs an orchestration, given by its name or its function, until it ends. A harness runs one only once.
   *
   * Throws an error when it cannot start, waits for something that the test does not provide, decides differently when
   * it is replayed, or never ends. The message shows all that happened.
   */
  async run(orchestration: string | ((...args: any[]) => unknown), input?: unknown): Promise<Run> {
    const world = this.#world;
    const { version, tags = {} } = this.#options;
    const instance = world.begin({
      instanceId: this.#instanceId,
      name: world.app.orchestrations.nameOf(orchestration),
      version: version ?? null,
      input: encode(input),
      tags: Object.entries(tags).sort(),
      parent: null,
    });
    await world.drive(instance);
    return new Run(world, instance);
  }

  get #instanceId(): string {
    return this.#options.instanceId ?? "test";
  }
}
