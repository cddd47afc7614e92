/** JavaScript's own clock, chance, promises and output inside a component. */

import type { Core } from "../core.js";
import { enqueue } from "../loop.js";
import { DurablePromise } from "../promise.js";
import { text } from "../wire.js";
import type { LogLevel } from "../wire.js";
import { format } from "./format.js";
import { Stream } from "./stream.js";
import * as system from "./system.js";

const RealDate = Date;
const realNow = RealDate.now;

/** The execution that this guest serves; none in an activity, and while the component is built. */
let core: Core | undefined;
/** Whether this guest runs an activity. */
let works = false;

/** While the component is built, before any module of the user's runs. */
export function install(): void {
  replace("Promise", DurablePromise);
  replace("queueMicrotask", (job: () => void) => enqueue(() => void DurablePromise.try(job)));
  // The engine's own makes promises that nothing here would wait for.
  delete (Array as { fromAsync?: unknown }).fromAsync;
  replace("Date", clock());
  replace("console", output());
}

/** Before an orchestration's first turn. */
export function orchestrate(served: Core): void {
  core = served;
  const chance = new Stream(served.execution.executionId);
  Math.random = () => chance.unit();
  replace("performance", { now, timeOrigin: 0 });
  replace("crypto", { randomUUID: () => chance.uuid() });
  refuse(TIMERS, "an orchestration has no timers but durable ones: await ctx.timer(milliseconds)");
  refuse(["fetch"], "an orchestration cannot reach the network: call an activity with ctx.activity()");
}

/** Before an activity. */
export function work(): void {
  works = true;
  // What was drawn while the component was built is no chance any more.
  Math.random = system.random;
  replace("crypto", system.crypto);
  replace("process", { env: system.environment() });
  refuse(TIMERS, "an activity has no timers: it runs in one go");
}

function now(): number {
  return core === undefined ? realNow() : core.nowMs;
}

function clock(): DateConstructor {
  RealDate.now = now;
  const clock = new Proxy(RealDate, {
    construct: (real, args: unknown[], target) =>
      Reflect.construct(real, args.length === 0 ? [now()] : args, target) as Date,
    apply: () => new RealDate(now()).toString(),
  });
  RealDate.prototype.constructor = clock;
  return clock;
}

/** Lines of the log in an orchestration; what is printed in an activity; nothing while the component is built. */
function output(): Record<string, (...values: unknown[]) => void> {
  const levels = { trace: "trace", debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;
  const functions = Object.entries(levels).map(([name, level]): [string, (...values: unknown[]) => void] => [
    name,
    (...values) => write(level, format(values)),
  ]);
  return Object.fromEntries(functions);
}

function write(level: LogLevel, line: string): void {
  if (core !== undefined) {
    core.push({ tag: "log", val: { level, message: text(line) } });
  } else if (works) {
    system.print(line, level === "warn" || level === "error");
  }
}

const TIMERS = ["setTimeout", "setInterval", "setImmediate"];

function refuse(names: readonly string[], message: string): void {
  for (const name of names) {
    replace(name, () => {
      throw new Error(message);
    });
  }
}

function replace(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
