/** What goes in and comes out. */

import { App } from "rondo";

import { addOne, echo } from "./activities.js";

export const app = new App();

app.orchestration("echo", async (_, value: unknown) => value);

app.orchestration("call_echo", async (ctx, value: unknown) => await ctx.activity(echo, value));

app.orchestration("identity", async (ctx) => ({
  execution_id: ctx.executionId,
  instance_id: ctx.instanceId,
  name: ctx.name,
  parent:
    ctx.parent === undefined
      ? null
      : { execution_id: ctx.parent.executionId, instance_id: ctx.parent.instanceId, name: ctx.parent.name },
  tags: ctx.tags,
  version: ctx.version ?? null,
}));

app.orchestration("now", async (ctx) => {
  const before = ctx.now();
  await ctx.activity(addOne, 0);
  return [before.getTime(), ctx.now().getTime()];
});

app.orchestration("random", async (ctx) => {
  const before = [ctx.randomBelow(6), ctx.uuid(), ctx.randomBelow(1_000_000), ctx.uuid()];
  await ctx.activity(addOne, 0);
  return [...before, ctx.randomBelow(Number.MAX_SAFE_INTEGER)];
});

app.orchestration("not_serializable", async (ctx) => await ctx.activity(echo, { tooLarge: 2n ** 64n }));
