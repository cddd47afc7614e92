/**
 * Write durable orchestrations and activities in TypeScript or JavaScript.
 *
 * An **orchestration** is an `async function` (or a `function*`) that says what has to happen: call this, wait for that,
 * then the next. It can be interrupted anywhere, by a crash or for a year, because the host records what happened and
 * replays it. An **activity** is a function that does the work.
 */

export { ActivityContext } from "./activity.js";
export { App } from "./app.js";
export type { Activity, DefinitionOptions, Orchestration, ResultOf } from "./app.js";
export type { Call, Cancelable } from "./call.js";
export { Context } from "./context.js";
export type { ActivityOptions, Awaitable, ChildOptions, ContinueOptions, DetachedOptions } from "./context.js";
export type { Duration } from "./duration.js";
export { Failure, kind } from "./failure.js";
export type { FailureOptions } from "./failure.js";
export type { Retry } from "./retry.js";
export type { LogLevel, Parent } from "./wire.js";
