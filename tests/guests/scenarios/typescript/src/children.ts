/** Orchestrations that start orchestrations. */

import { App, Failure } from "rondo";

import { addOne } from "./activities.js";
import { chain } from "./calls.js";

export const app = new App();

app.orchestration("child", async (ctx, n: number) => await ctx.child(chain, n));

app.orchestration(
  "child_options",
  async (ctx, n: number) =>
    await ctx.child(chain, n, {
      instanceId: `${ctx.instanceId}-kid`,
      version: "2.0",
      tags: { zeta: "1", alpha: "ä" },
      retry: { attempts: 3 },
    }),
);

app.orchestration("catch_child", async (ctx, n: number) => {
  try {
    return await ctx.child(chain, n);
  } catch (error) {
    return (error as Failure).kind;
  }
});

app.orchestration("detached", async (ctx, n: number) => {
  ctx.startDetached(chain, n, { instanceId: "free-1" });
  ctx.startDetached(chain, n);
  return await ctx.activity(addOne, 1);
});
