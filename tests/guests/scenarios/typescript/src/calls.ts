/** Activities, one after another and side by side. Some of it in generators, to see that they are the same. */

import { App } from "rondo";
import type { Call } from "rondo";

import { addOne, flaky, square } from "./activities.js";
import type { Flaky } from "./activities.js";

export const app = new App();

export const chain = app.orchestration("chain", function* (ctx, n: number): Generator<Call<number>, number, number> {
  const sum = yield ctx.activity(addOne, n);
  return yield ctx.activity(square, sum);
});

app.orchestration("sequential", async (ctx, count: number) => {
  let last = 0;
  for (let n = 0; n < count; n++) {
    last = await ctx.activity(addOne, last);
  }
  return last;
});

app.orchestration("fan_out", async (ctx, count: number) => {
  const squares = await ctx.all(Array.from({ length: count }, (_, n) => ctx.activity(square, n)));
  return squares.reduce((sum, n) => sum + n, 0);
});

app.orchestration("parallel", async (ctx) => {
  const flow = async (n: number): Promise<number> => await ctx.activity(square, await ctx.activity(addOne, n));
  return await ctx.all([flow(1), flow(10)]);
});

app.orchestration("start_then_await", async (ctx) => {
  const [first, second] = [ctx.activity(addOne, 1), ctx.activity(addOne, 2)];
  const later = await second;
  return [await first, later];
});

app.orchestration("retry", async (ctx, input: Flaky) => {
  const retry = {
    attempts: 5,
    firstInterval: 250,
    backoff: 1.5,
    maxInterval: { seconds: 2 },
    timeout: { minutes: 1 },
    unless: ["fatal", "bad-input"],
  };
  return await ctx.activity(flaky, input, { retry });
});

app.orchestration("retry_default", function* (ctx, input: Flaky): Generator<Call<number>, number, number> {
  return yield ctx.activity(flaky, input, { retry: { attempts: 3 } });
});
