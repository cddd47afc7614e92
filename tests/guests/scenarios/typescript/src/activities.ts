/** The activities. */

import { App, Failure } from "rondo";

export const app = new App();

/** How a failure is written in inputs and results. */
export interface Failing {
  details: string | null;
  kind: string;
  message: string;
  non_retriable: boolean;
}

/** How long `flaky` fails. */
export interface Flaky {
  succeed_on: number;
}

export function fail(failing: Failing): never {
  const { kind, message, details, non_retriable: nonRetriable } = failing;
  throw new Failure(kind, message, { details: details ?? undefined, nonRetriable });
}

/** A check of the input, as a schema would do it. */
export function wholeNumber(value: unknown): number {
  if (!Number.isSafeInteger(value)) {
    throw new TypeError(`${JSON.stringify(value)} is no whole number`);
  }
  return value as number;
}

export const addOne = app.activity("add_one", (n: number) => n + 1, { parse: wholeNumber });

export const square = app.activity("square", async (n: number) => n * n, { parse: wholeNumber });

export const echo = app.activity("echo", async (value: unknown) => {
  await Promise.resolve();
  return value;
});

export const flaky = app.activity("flaky", ({ succeed_on }: Flaky, { attempt }) => {
  if (attempt < succeed_on) {
    throw new Failure("flaky", `attempt ${attempt} of ${succeed_on}`);
  }
  return attempt;
});

export const failing = app.activity("fail", fail);

app.activity("whoami", (_: void, ctx) => ({
  attempt: ctx.attempt,
  execution_id: ctx.executionId,
  idempotency_key: ctx.idempotencyKey,
  instance_id: ctx.instanceId,
}));

app.activity("throws", () => {
  throw new Error("boom");
});

app.activity("typescript_stamp", (text: string) => `${text}<typescript>`);
