import type { Registered } from "./app.js";
import { Failure, kind } from "./failure.js";
import { drain } from "./loop.js";
import { encode } from "./payload.js";
import { DurablePromise } from "./promise.js";
import type * as wire from "./wire.js";

/** What an activity may know about the call it serves. */
export class ActivityContext {
  /** The instance that called. */
  readonly instanceId: string;
  /** Which execution of it. */
  readonly executionId: string;
  /** Which attempt this is, counted from 1. */
  readonly attempt: number;
  /**
   * A text that is the same for every attempt of this call, and different for every other call.
   *
   * An activity may run more than once. Give this to services that recognise repeated requests.
   */
  readonly idempotencyKey: string;

  constructor({ instanceId, executionId, task, attempt }: wire.ActivityContext) {
    this.instanceId = instanceId;
    this.executionId = executionId;
    this.attempt = attempt;
    this.idempotencyKey = `${executionId}-${task}`;
  }
}

/** Begins one attempt. Throws, or fails, with whatever the activity throws. */
export function begin(
  activity: Registered,
  input: wire.Payload,
  context: wire.ActivityContext,
): DurablePromise<unknown> {
  return DurablePromise.resolve(activity.call(activity.read(input), new ActivityContext(context)));
}

/** Runs one attempt to its end. Throws whatever the activity throws. */
export function run(activity: Registered, input: wire.Payload, context: wire.ActivityContext): wire.Payload {
  const running = begin(activity, input, context);
  drain();
  return encode(resultOf(running));
}

/** The result of an attempt that cannot go on. Throws whatever the activity throws. */
export function resultOf(running: DurablePromise<unknown>): unknown {
  if (running.status === "rejected") {
    throw running.outcome;
  }
  if (running.status === "pending") {
    throw new Failure(kind.STALLED, "the activity awaits something that nothing in it will complete");
  }
  return running.outcome;
}
