/** What goes wrong. */

import { App, Failure } from "rondo";

import { addOne, echo, fail, failing } from "./activities.js";
import type { Failing } from "./activities.js";

export const app = new App();

app.orchestration("call_fail", async (ctx, input: Failing) => {
  await ctx.activity(failing, input);
});

app.orchestration("catch_fail", async (ctx, input: Failing): Promise<Failing | undefined> => {
  try {
    await ctx.activity(failing, input);
    return undefined;
  } catch (error) {
    if (!Failure.is(error)) {
      throw error;
    }
    const { details, kind, message, nonRetriable } = error;
    return { details: details ?? null, kind, message, non_retriable: nonRetriable };
  }
});

app.orchestration("fail_with", async (_, input: Failing) => fail(input));

app.orchestration("throws", () => {
  throw new Error("boom");
});

app.orchestration("throws_later", async (ctx) => {
  await ctx.activity(addOne, 0);
  throw new Error("boom");
});

app.orchestration("stalled", async () => {
  await new Promise(() => {});
});

app.orchestration("all_fails", async (ctx) => {
  try {
    return await ctx.all([0, 1, 2].map((n) => ctx.activity(addOne, n)));
  } catch (error) {
    return await ctx.activity(echo, Failure.is(error) ? error.kind : "no failure");
  }
});

app.orchestration("settle_all", async (ctx) => {
  const settled = await Promise.allSettled([0, 1, 2].map((n) => ctx.activity(addOne, n)));
  return settled.map((result) => (result.status === "fulfilled" ? result.value : (result.reason as Failure).kind));
});
