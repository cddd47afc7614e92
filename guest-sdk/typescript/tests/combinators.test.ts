import assert from "node:assert/strict";
import { test } from "node:test";

import type { Context } from "rondo";

import { Guest } from "../src/guest.js";
import { actionLine } from "../src/testing/text.js";
import { idle } from "../src/testing/idle.js";
import type { Event } from "../src/wire.js";
import { App } from "rondo";
import { EXECUTION, run } from "./stage.js";

/** What is decided in each turn, where turns are given by their events. */
async function turns(orchestration: (ctx: Context) => unknown, events: Event[][]): Promise<string[][]> {
  const app = new App();
  app.orchestration("main", orchestration);
  const guest = new Guest(app, EXECUTION);
  const lines: string[][] = [];
  for (const [now, some] of [[], ...events].entries()) {
    guest.begin({ now, events: some });
    await idle();
    lines.push(guest.conclude().map((action) => actionLine(action, 0)));
  }
  return lines;
}

const fired = (task: number): Event => ({ tag: "timer-fired", val: task });
const done = (task: number, output: string): Event => ({ tag: "activity-completed", val: { task, output } });
const failed = (task: number, kind: string): Event => {
  return { tag: "activity-failed", val: { task, failure: { kind, message: "", details: null, nonRetriable: false } } };
};

test("of several failures in one turn that of the member given first counts, and the open ones are canceled", async () => {
  const all = (ctx: Context): unknown => ctx.all([0, 1, 2, 3].map((n) => ctx.activity("a", n)));
  const [, last] = await turns(all, [[failed(3, "later"), failed(1, "first")]]);
  assert.deepEqual(last, ["cancel 0", "cancel 2", "fail first: "]);
});

test("the failure of an async function given first counts before that of a call, in the same turn", async () => {
  const flow = async (ctx: Context): Promise<unknown> => {
    await ctx.activity("a");
    await Promise.resolve();
    throw new Error("of the flow");
  };
  const all = (ctx: Context): unknown => ctx.all([flow(ctx), ctx.activity("b"), ctx.activity("c")]);
  const [, last] = await turns(all, [[failed(1, "of the call"), done(0, "1")]]);
  assert.deepEqual(last, ["cancel 2", "fail error: of the flow"]);
});

test("what goes on after the end decides nothing", async () => {
  const orchestration = (ctx: Context): unknown => {
    const call = ctx.activity("a");
    void call.then(() => ctx.activity("late"));
    return call;
  };
  assert.deepEqual((await turns(orchestration, [[done(0, "1")], [done(1, "2")]])).slice(1), [["complete 1"], []]);
});

test("of several results in one turn a race takes the one given first", async () => {
  const race = (ctx: Context): unknown => ctx.race([ctx.timer(3), ctx.timer(2), ctx.timer(1)]);
  for (const events of [
    [fired(2), fired(1)],
    [fired(1), fired(2)],
  ]) {
    assert.deepEqual((await turns(race, [events]))[1], ["cancel 0", "complete [1,null]"]);
  }
});

test("an async function that gets done in the same turn as the timer is in time", async () => {
  const flow = async (ctx: Context): Promise<unknown> => [await ctx.activity("a"), await Promise.resolve(2)];
  const [, last] = await turns((ctx) => ctx.timeout(5, flow(ctx)), [[fired(1), done(0, "1")]]);
  assert.deepEqual(last, ["complete [1,2]"]);
});

test("so are combinations of combinations", async () => {
  const nested = (ctx: Context): unknown =>
    ctx.timeout(5, ctx.race([ctx.race([ctx.event("x"), ctx.activity("a")]), ctx.event("y")]));
  const [, last] = await turns(nested, [[fired(3), done(1, "7")]]);
  assert.deepEqual(last, ["cancel 0", "cancel 2", "complete [0,[1,7]]"]);
});

test("when the time is over, all that was waited for is canceled", async () => {
  const generator = function* (ctx: Context): Generator<unknown, unknown, unknown> {
    try {
      return yield ctx.all([ctx.event("a"), ctx.event("b")]);
    } finally {
      ctx.log("info", "tidied up");
    }
  };
  const [, last] = await turns((ctx) => ctx.timeout(5, generator(ctx)), [[fired(2)]]);
  assert.deepEqual(last, [
    "cancel 0",
    "cancel 1",
    "log info tidied up",
    "fail timeout: the time was over before it was done",
  ]);
});

test("whenAny cancels nothing, and tells which one", async () => {
  const any = async (ctx: Context): Promise<unknown> => {
    const calls = [ctx.activity<number>("a"), ctx.activity<number>("b")];
    const first = await ctx.whenAny(calls);
    return [first, await calls[first], await calls[1 - first]];
  };
  assert.deepEqual((await turns(any, [[done(1, "5")], [done(0, "6")]])).at(-1), ["complete [1,5,6]"]);
});

test("nothing is waited for where nothing is given", async () => {
  assert.deepEqual((await turns((ctx) => ctx.all([]), []))[0], ["complete []"]);
  assert.match((await turns((ctx) => ctx.race([]), []))[0]?.[0] ?? "", /^fail stalled/);
});

test("a canceled call fails who awaits it, and what is settled is not canceled", async () => {
  const cancel = async (ctx: Context): Promise<unknown> => {
    const [a, b] = [ctx.activity("a"), ctx.activity("b")];
    await a;
    a.cancel();
    b.cancel();
    return await b;
  };
  assert.deepEqual((await turns(cancel, [[done(0, "1")]])).at(-1), ["cancel 1", "fail canceled: it was canceled"]);
});

test("one among thousands costs one step", async () => {
  const count = 5_000;
  const { log } = await run(
    async (ctx) => (await ctx.all(Array.from({ length: count }, (_, n) => ctx.activity<number>("add_one", n)))).length,
  );
  assert.equal(log.at(-1), `complete ${count}`);
});
