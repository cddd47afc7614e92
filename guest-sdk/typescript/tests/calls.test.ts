import assert from "node:assert/strict";
import { test } from "node:test";

import { App, Failure } from "rondo";
import type { Duration } from "rondo";
import { Harness } from "rondo/testing";

import { millis } from "../src/duration.js";
import { Guest } from "../src/guest.js";
import { policy } from "../src/retry.js";
import { EXECUTION, addOne, run } from "./stage.js";

test("a call is scheduled when it is made, and its result comes when it is awaited", async () => {
  const { log } = await run(async (ctx) => {
    const call = ctx.activity<number>("add_one", 1);
    ctx.log("info", "made");
    return await call;
  });
  assert.deepEqual(log, ["activity 0 add_one 1", "log info made", "completed 0 2", "complete 2"]);
});

test("a generator decides the same as an async function", async () => {
  const plain = await run(async (ctx) => {
    const [a, b] = await ctx.all([ctx.activity<number>("add_one", 1), ctx.activity<number>("add_one", 2)]);
    await ctx.timer({ hours: 1 });
    return a + b;
  });
  const generator = await run(function* (ctx): Generator<unknown, number, number[]> {
    const [a = 0, b = 0] = yield ctx.all([ctx.activity("add_one", 1), ctx.activity("add_one", 2)]);
    yield ctx.timer({ hours: 1 });
    return a + b;
  });
  assert.deepEqual(generator.log, plain.log);
  assert.equal(generator.result(), 5);
});

test("a function is called by the name under which it is registered, and keeps its types", async () => {
  const app = new App();
  const length = app.activity("text/length", async (text: string) => text.length);
  const twice = app.orchestration("twice", async (ctx, text: string) => (await ctx.activity(length, text)) * 2);
  app.orchestration("main", async (ctx) => {
    const result: number = await ctx.child(twice, "abc");
    return result;
  });
  const { log } = await new Harness(app).run("main");
  assert.equal(log[0], 'child 0 twice "abc"');
  assert.equal(log.at(-1), "complete 6");
});

test("a function that is not registered fails the call and schedules nothing", async () => {
  const { log } = await run(async (ctx) => await ctx.activity(addOne.bind(null), 1));
  assert.deepEqual(log, ["fail activity-not-found: bound addOne is not registered with the app that is exported"]);
});

test("a failed activity is caught with its kind, or fails the orchestration unchanged", async () => {
  const decline = (): never => {
    throw new Failure("card-declined", "no", { details: "d", nonRetriable: true });
  };
  const caught = await run(
    async (ctx) => {
      try {
        return await ctx.activity("charge");
      } catch (error) {
        return Failure.is(error, "card-declined") && [error.message, error.details, error.nonRetriable];
      }
    },
    (harness) => harness.activity("charge", decline),
  );
  assert.deepEqual(caught.result(), ["no", "d", true]);
  const passed = await run(
    (ctx) => ctx.activity("charge"),
    (harness) => harness.activity("charge", decline),
  );
  assert.throws(() => passed.result(), { kind: "card-declined", details: "d", nonRetriable: true });
});

test("a retry goes to the host, whole and within bounds", async () => {
  const attempts: number[] = [];
  const app = new App();
  app.activity("flaky", (_: void, { attempt }) => {
    attempts.push(attempt);
    throw new Failure(attempt < 3 ? "flaky" : "fatal", "again");
  });
  app.orchestration("main", (ctx) =>
    ctx.activity("flaky", null, { retry: { attempts: 9, backoff: 2, unless: ["fatal"] } }),
  );
  const run = await new Harness(app).run("main");
  assert.deepEqual(attempts, [1, 2, 3]);
  assert.equal(run.elapsedMs, 3_000);
});

test("durations, retries and tags are brought into the form of the contract", () => {
  assert.deepEqual([1.6, -1, { days: 1, seconds: 0.5 }, Infinity].map(millis), [2, 0, 86_400_500, 2 ** 53 - 1]);
  assert.throws(() => millis({ weeks: 1 } as Duration), TypeError);
  assert.deepEqual(policy({ attempts: 0, backoff: 0.5, maxInterval: { minutes: 1 }, unless: ["fatal"] }), {
    maxAttempts: 1,
    firstInterval: 1_000,
    backoffCoefficient: 1,
    maxInterval: 60_000,
    retryTimeout: null,
    nonRetriableKinds: ["fatal"],
  });
  const app = new App();
  app.orchestration("main", (ctx) =>
    ctx.child("other", 1, { tags: { "\u{1f980}": "3", "\uffee": "2", b: "1", a: "0" } }),
  );
  const guest = new Guest(app, EXECUTION);
  guest.begin({ now: 0, events: [] });
  const [child] = guest.conclude();
  assert.ok(child?.tag === "start-child");
  assert.deepEqual(child.val.tags, [
    ["a", "0"],
    ["b", "1"],
    ["\uffee", "2"],
    ["\u{1f980}", "3"],
  ]);
});

test("random numbers and UUIDs are those of the table", async () => {
  const { draw, unit, uuid, below } = await import("../src/draws.js");
  const draws = [0, 1, 2].map((n) => draw("00112233445566778899aabbccddeeff", n));
  assert.deepEqual(draws.map(unit), [0.4507775893756051, 0.8249357765268582, 0.18453304101855017]);
  assert.equal(draws.map(uuid)[1], "d32efdb5-7bb4-4bcd-b111-13e5c7e522de");
  assert.deepEqual([below(draws[0]!, 6), below(draws[2]!, 1_000_000)], [2, 184_533]);
  assert.throws(() => below(draws[0]!, 0), RangeError);
});

test("the harness tells what is not deterministic", async () => {
  let count = 0;
  const broken = run(async (ctx) => await ctx.activity("add_one", count++));
  await assert.rejects(broken, /it is not deterministic: in turn 0 it decided/);
});
