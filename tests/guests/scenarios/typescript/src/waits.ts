/** Timers and events; who is first, and what becomes of the others. */

import { App, Failure } from "rondo";
import type { Call } from "rondo";

import { addOne, echo, square } from "./activities.js";
import { chain } from "./calls.js";

export const app = new App();

app.orchestration("timer", async (ctx, ms: number) => {
  await ctx.timer(ms);
  return ctx.now().getTime();
});

app.orchestration("timer_at", function* (ctx, at: number): Generator<Call<void>, number, void> {
  yield ctx.timerAt(new Date(at));
  return ctx.now().getTime();
});

app.orchestration("wait_event", async (ctx, name: string) => await ctx.event(name));

app.orchestration("wait_twice", async (ctx) => {
  const [first, second] = [ctx.event("go"), ctx.event("go")];
  return [await first, await second];
});

app.orchestration("send_event", async (ctx, input: { data: unknown; instance_id: string; name: string }) => {
  ctx.sendEvent(input.instance_id, input.name, input.data);
  return await ctx.activity(addOne, 1);
});

app.orchestration("timeout_event", async (ctx, { ms, name }: { ms: number; name: string }) => {
  try {
    return await ctx.timeout(ms, ctx.event(name));
  } catch (error) {
    if (!Failure.is(error, "timeout")) {
      throw error;
    }
    return "too late";
  }
});

app.orchestration("timeout_activity", function* (ctx, { ms }: { ms: number }): Generator<unknown, number, number> {
  return yield ctx.timeout(ms, ctx.activity(addOne, 1));
});

app.orchestration("race", async (ctx, durations: number[]) => {
  const [winner] = await ctx.race(durations.map((ms) => ctx.timer(ms)));
  return await ctx.activity(echo, winner);
});

app.orchestration("race_mixed", async (ctx) => {
  const [winner] = await ctx.race([
    ctx.event("go"),
    ctx.activity(addOne, 1),
    ctx.child(chain, 1),
    ctx.timer({ minutes: 1 }),
  ]);
  return winner;
});

app.orchestration("races", async (ctx) => {
  const taken: unknown[] = [];
  for (let round = 0; round < 2; round++) {
    taken.push((await ctx.race([ctx.event("a"), ctx.event("b")]))[1]);
  }
  return taken;
});

app.orchestration("hand_over", async (ctx) => {
  ctx.event("a");
  await ctx.event("b");
  ctx.continueAsNew();
});

app.orchestration("cancel", async (ctx) => {
  const calls = [
    ctx.activity(square, 2),
    ctx.timer({ seconds: 60 }),
    ctx.event("x"),
    ctx.child(chain, 1),
    ctx.activity(addOne, 7),
  ];
  await ctx.activity(addOne, 0);
  for (const call of calls.reverse()) {
    call.cancel();
  }
});
