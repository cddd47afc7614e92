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

const raised = (task: number, output: string): Event => ({ tag: "event-raised", val: { task, output } });

test("the event of a wait that loses a race in the turn in which it came is there for the next wait", async () => {
  const twice = async (ctx: Context): Promise<unknown> => {
    const [, first] = await ctx.race([ctx.event("a"), ctx.event("b")]);
    const [, second] = await ctx.race([ctx.event("a"), ctx.event("b")]);
    return [first, second];
  };
  const [, second, last] = await turns(twice, [[raised(0, '"a1"'), raised(1, '"b1"')], [raised(3, '"b1"')]]);
  assert.deepEqual(second, ["cancel 1", "wait 2 a", "wait 3 b"]);
  assert.deepEqual(last, ["cancel 2", 'complete ["a1","b1"]']);
});

test("an event goes back where a timer or an activity wins in the same turn, whatever came first", async () => {
  const timer = async (ctx: Context): Promise<unknown> => {
    await ctx.race([ctx.timer(1), ctx.event("a")]);
    return ctx.timer(9);
  };
  assert.deepEqual((await turns(timer, [[raised(1, "1"), fired(0)]]))[1], ["cancel 1", "timer 2 at 10ms"]);
  const activity = async (ctx: Context): Promise<unknown> => {
    await ctx.race([ctx.activity("x"), ctx.event("a")]);
    return ctx.timer(9);
  };
  assert.deepEqual((await turns(activity, [[raised(1, "1"), done(0, "1")]]))[1], ["cancel 1", "timer 2 at 10ms"]);
});

test("events go back that a combination holds when it loses, or fails", async () => {
  const nested = async (ctx: Context): Promise<unknown> => {
    await ctx.race([ctx.timer(1), ctx.all([ctx.event("a"), ctx.event("b")])]);
    return ctx.timer(9);
  };
  assert.deepEqual((await turns(nested, [[raised(1, "1")], [fired(0)]]))[2], ["cancel 1", "cancel 2", "timer 3 at 11ms"]);
  const both = (await turns(nested, [[raised(1, "1"), raised(2, "2"), fired(0)]]))[1];
  assert.deepEqual(both, ["cancel 1", "cancel 2", "timer 3 at 10ms"]);
  const failing = async (ctx: Context): Promise<unknown> => {
    try {
      return await ctx.all([ctx.event("a"), ctx.activity("x")]);
    } catch {
      return ctx.timer(9);
    }
  };
  assert.deepEqual((await turns(failing, [[raised(0, "1")], [failed(1, "no")]]))[2], ["cancel 0", "timer 2 at 11ms"]);
});

test("an event that code has taken never goes back, and none goes back twice", async () => {
  const taken = async (ctx: Context): Promise<unknown> => {
    const [a, b] = [ctx.event("a"), ctx.event("b")];
    await a;
    a.cancel();
    await ctx.timer(5);
    b.cancel();
    b.cancel();
    return ctx.timer(9);
  };
  const lines = await turns(taken, [[raised(0, "1"), raised(1, "2")], [fired(2)]]);
  assert.deepEqual(lines.slice(1), [["timer 2 at 6ms"], ["cancel 1", "timer 3 at 11ms"]]);
});

test("what the winner of a race brought is taken with the result", async () => {
  const kept = async (ctx: Context): Promise<unknown> => {
    const race = ctx.race([ctx.event("a"), ctx.timer(9)]);
    const result = await race;
    race.cancel();
    return result;
  };
  assert.deepEqual((await turns(kept, [[raised(0, "1")]]))[1], ["cancel 1", "complete [0,1]"]);
});

test("a loser of the standard race keeps its event for whoever awaits it", async () => {
  const race = async (ctx: Context): Promise<unknown> => {
    const event = ctx.event("a");
    await Promise.race([ctx.timer(1), event]);
    return event;
  };
  assert.deepEqual((await turns(race, [[raised(0, "7"), fired(1)]]))[1], ["complete 7"]);
});

test("before continue-as-new all events go back that nobody has taken", async () => {
  const next = async (ctx: Context): Promise<unknown> => {
    const [, , c] = [ctx.event("a"), ctx.event("b"), ctx.event("c")];
    await c;
    return ctx.continueAsNew(undefined, { keepEvents: true });
  };
  const [, last] = await turns(next, [[raised(0, "1"), raised(1, "2"), raised(2, "3")]]);
  assert.deepEqual(last?.slice(0, 2), ["cancel 0", "cancel 1"]);
});

test("in the harness, too, no event is lost to a race", async () => {
  const both = async (ctx: Context): Promise<unknown> => {
    const results: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      results.push(await ctx.race([ctx.event("a"), ctx.event("b")]));
    }
    return results;
  };
  const finished = await run(both, (harness) => harness.event("a", 1).event("b", 2));
  assert.deepEqual(finished.result(), [[0, 1], [1, 2]]);
});
