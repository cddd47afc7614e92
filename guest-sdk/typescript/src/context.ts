import type { Activity, App, Orchestration, ResultOf } from "./app.js";
import { Call } from "./call.js";
import type { Cancelable } from "./call.js";
import { All, Race, Timeout, WhenAny } from "./combine.js";
import type { Core } from "./core.js";
import * as draws from "./draws.js";
import { millis, moment } from "./duration.js";
import type { Duration } from "./duration.js";
import { ContinuesAsNew } from "./failure.js";
import { promiseOf } from "./flow.js";
import { encode } from "./payload.js";
import { policy } from "./retry.js";
import type { Retry } from "./retry.js";
import { text } from "./wire.js";
import type { LogLevel, Parent, StartChild, Task } from "./wire.js";

/** How an activity is called. */
export interface ActivityOptions {
  /** Unless given, there is one attempt. */
  readonly retry?: Retry;
}

/** How a child is started when nobody waits for it. */
export interface DetachedOptions {
  /** Unless given, the host derives one. One that is in use fails the call with kind `instance-exists`. */
  readonly instanceId?: string;
  /** What the child sees as its version. */
  readonly version?: string;
  /** What the child sees as its tags. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** How a child is called. */
export interface ChildOptions extends DetachedOptions {
  /** Unless given, there is one attempt. */
  readonly retry?: Retry;
}

/** How the next execution begins. */
export interface ContinueOptions {
  /** Whether external events that nobody has taken are handed over; they are, unless this is false. */
  readonly keepEvents?: boolean;
  /** What the next execution sees as its version; the same as this one, unless given. */
  readonly version?: string;
}

/** Something that can be waited for together with others: a promise, or a generator that yields such. */
export type Awaitable<T> = PromiseLike<T> | Generator<unknown, T>;

type ResultOfItem<A> = A extends Generator<unknown, infer R, never> ? Awaited<R> : Awaited<A>;
type ResultsOf<T extends readonly unknown[]> = { -readonly [K in keyof T]: ResultOfItem<T[K]> };
/** An input, which may be left out where there is none, and options. */
type Args<I, Options> = undefined extends I ? [input?: I, options?: Options] : [input: I, options?: Options];

/**
 * An orchestration's only way to the outside.
 *
 * Everything here is deterministic: run again with the same history, the same code makes the same decisions. So an
 * orchestration must not get anything from elsewhere. What returns a `Call` has been scheduled when it returns.
 */
export class Context {
  readonly #core: Core;
  readonly #app: App;

  constructor(core: Core, app: App) {
    this.#core = core;
    this.#app = app;
  }

  /**
   * Calls an activity: one of this component by its function, any that is deployed by its name.
   *
   * ```ts
   * const receipt = await ctx.activity(charge, order, { retry: { attempts: 5, backoff: 2 } });
   * const rate = await ctx.activity<number>("rates/euro", "USD");
   * ```
   */
  activity<I, O>(activity: Activity<I, O>, ...args: Args<I, ActivityOptions>): Call<ResultOf<O>>;
  activity<O = unknown>(name: string, input?: unknown, options?: ActivityOptions): Call<O>;
  activity(activity: unknown, input?: unknown, options: ActivityOptions = {}): Call<unknown> {
    return this.#begin(() => {
      const name = this.#app.activities.nameOf(activity);
      return { tag: "schedule-activity", val: { task: 0, name, input: encode(input), retry: policy(options.retry) } };
    });
  }

  /** Calls another orchestration as a child of this one, by its function or by its name. */
  child<I, O>(orchestration: Orchestration<I, O>, ...args: Args<I, ChildOptions>): Call<ResultOf<O>>;
  child<O = unknown>(name: string, input?: unknown, options?: ChildOptions): Call<O>;
  child(orchestration: unknown, input?: unknown, options: ChildOptions = {}): Call<unknown> {
    return this.#begin(() => {
      const val = { ...this.#start(orchestration, input, options), retry: policy(options.retry) };
      return { tag: "start-child", val };
    });
  }

  /**
   * Starts another orchestration and forgets about it: it has no parent, and nobody hears of its result.
   *
   * Whether it can start is not known here.
   */
  startDetached<I, O>(orchestration: Orchestration<I, O>, ...args: Args<I, DetachedOptions>): void;
  startDetached(name: string, input?: unknown, options?: DetachedOptions): void;
  startDetached(orchestration: unknown, input?: unknown, options: DetachedOptions = {}): void {
    const val = { ...this.#start(orchestration, input, options), detached: true };
    this.#core.number({ tag: "start-child", val }, undefined);
  }

  /** A durable timer that fires so long after now, the time of this call: milliseconds, or `{ days: 3 }`. */
  timer(duration: Duration): Call<void> {
    return this.#timer(() => Math.min(this.#core.nowMs + millis(duration), Number.MAX_SAFE_INTEGER));
  }

  /** A durable timer that fires at a moment; at once when that is past. */
  timerAt(at: Date | number): Call<void> {
    return this.#timer(() => moment(at));
  }

  /**
   * Waits for an external event; its result is the event's data. Names are compared without regard to ASCII case.
   *
   * Events are kept until somebody waits, oldest first, so none is missed. A wait that is canceled, or loses in
   * `ctx.race`, leaves its event to the next, also if both were settled in the same turn.
   */
  event<T = unknown>(name: string): Call<T> {
    return this.#begin(() => ({ tag: "wait-event", val: { task: 0, name: text(name) } }));
  }

  /** Raises an external event on another instance. One that does not exist, or has ended, ignores it. */
  sendEvent(instanceId: string, name: string, data?: unknown): void {
    const val = { task: 0, instanceId: text(instanceId), name: text(name), data: encode(data) };
    this.#core.number({ tag: "send-event", val }, undefined);
  }

  /**
   * Waits for all; the results are in the order given. The first failure counts, and cancels the others.
   *
   * ```ts
   * const sizes = await ctx.all(images.map((image) => ctx.activity(resize, image)));
   * ```
   *
   * `Promise.all` cancels nothing, and `Promise.allSettled` waits for all whatever happens.
   */
  all<const T extends readonly unknown[] | []>(items: T): Cancelable<ResultsOf<T>> {
    return new All<ResultsOf<T>>(items).begin();
  }

  /**
   * Waits for the first one, whatever becomes of it, and cancels the others; the result is its index and its result.
   *
   * Of several in the same turn, the one given first wins. With nothing at all it never ends.
   */
  race<const T extends readonly unknown[] | []>(items: T): Cancelable<[index: number, result: ResultsOf<T>[number]]> {
    return new Race<[number, ResultsOf<T>[number]]>(items).begin();
  }

  /** Waits for the first one, whatever becomes of it; the result is its index. The others go on. */
  whenAny(items: readonly unknown[]): Cancelable<number> {
    return new WhenAny(items).begin();
  }

  /**
   * Gives something so much time; when that is over, fails with kind `timeout`, and cancels what it waits for.
   *
   * ```ts
   * const approval = await ctx.timeout({ days: 3 }, ctx.event<Approval>("approval"));
   * ```
   */
  timeout<T>(duration: Duration, item: Awaitable<T>): Cancelable<T> {
    // A generator begins before its timer does.
    const limited = promiseOf(item);
    return new Timeout<T>([limited, this.timer(duration)]).begin();
  }

  /** What status queries show until this is called again. */
  setCustomStatus(status?: unknown): void {
    this.#core.push({ tag: "set-custom-status", val: encode(status) });
  }

  /**
   * Ends this execution and begins the next one of the same instance, with an empty history.
   *
   * It leaves the orchestration at once, by throwing. Code that catches it can tidy up, but not change the end.
   */
  continueAsNew(input?: unknown, options: ContinueOptions = {}): never {
    const { keepEvents = true, version } = options;
    this.#core.continuation = {
      tag: "continue-as-new",
      val: { input: encode(input), version: textOrNull(version), keepEvents },
    };
    throw new ContinuesAsNew();
  }

  /** A line for the host's log; not repeated when the history is replayed. `console` makes such lines as well. */
  log(level: LogLevel, message: string): void {
    this.#core.push({ tag: "log", val: { level, message: text(String(message)) } });
  }

  /** The time of the current turn. It stands still between two awaits. */
  now(): Date {
    return new Date(this.#core.nowMs);
  }

  /** A random number from 0 up to, not including, 1, of a sequence that belongs to this execution. */
  random(): number {
    return draws.unit(this.#draw());
  }

  /** A random whole number from 0 up to, not including, `end`, which is less than 2^53. */
  randomBelow(end: number): number {
    return draws.below(this.#draw(), end);
  }

  /** A random UUID (version 4) that belongs to this execution, for example as an idempotency key. */
  uuid(): string {
    return draws.uuid(this.#draw());
  }

  /** The instance this is an execution of; chosen by whoever started it. */
  get instanceId(): string {
    return this.#core.execution.instanceId;
  }

  /** This execution: 32 hex digits, other ones after every continue-as-new. */
  get executionId(): string {
    return this.#core.execution.executionId;
  }

  /** The orchestration's name. */
  get name(): string {
    return this.#core.execution.name;
  }

  /** The version text that the starter asked for. */
  get version(): string | undefined {
    return this.#core.execution.version ?? undefined;
  }

  /** The tags of the instance, sorted by key. */
  get tags(): Record<string, string> {
    return Object.fromEntries(this.#core.execution.tags) as Record<string, string>;
  }

  /** Who waits for the result; nobody for an orchestration that a client started. */
  get parent(): Readonly<Parent> | undefined {
    return this.#core.execution.parent ?? undefined;
  }

  #draw(): draws.Draw {
    const { execution, drawn } = this.#core;
    this.#core.drawn += 1;
    return draws.draw(execution.executionId, drawn);
  }

  #timer(fireAt: () => number): Call<void> {
    return this.#begin(() => ({ tag: "create-timer", val: { task: 0, fireAt: fireAt() } }));
  }

  #begin<T>(build: () => Task): Call<T> {
    let task: Task;
    try {
      task = build();
    } catch (error) {
      return Call.broken(this.#core, error);
    }
    return Call.begin(this.#core, task);
  }

  #start(orchestration: unknown, input: unknown, options: DetachedOptions): StartChild {
    const { instanceId, version, tags = {} } = options;
    return {
      task: 0,
      name: this.#app.orchestrations.nameOf(orchestration),
      instanceId: textOrNull(instanceId),
      version: textOrNull(version),
      input: encode(input),
      tags: Object.entries(tags)
        .map(([key, value]): [string, string] => [text(key), text(value)])
        .sort(([a], [b]) => byCodePoints(a, b)),
      retry: null,
      detached: false,
    };
  }
}

function textOrNull(value: string | undefined): string | null {
  return value === undefined ? null : text(value);
}

/** The order of the UTF-8 bytes, which is not that of JavaScript's own units. */
function byCodePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return left.length - right.length;
}
