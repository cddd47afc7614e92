import assert from "node:assert/strict";
import { test } from "node:test";

import { App, Failure } from "rondo";
import { Harness } from "rondo/testing";

import { toWire } from "../src/failure.js";
import { run } from "./stage.js";

test("what is thrown becomes a failure, whatever it is", () => {
  class CardDeclined extends Error {
    readonly kind = "card-declined";
    readonly nonRetriable = true;
  }
  const told = (thrown: unknown): unknown[] => {
    const { kind, message, nonRetriable } = toWire(thrown);
    return [kind, message, nonRetriable];
  };
  assert.deepEqual(told(new Error("boom")), ["error", "boom", false]);
  assert.deepEqual(told(new TypeError()), ["error", "TypeError", false]);
  assert.deepEqual(told("text"), ["error", "text", false]);
  assert.deepEqual(told(undefined), ["error", "undefined", false]);
  assert.deepEqual(told({ code: 7 }), ["error", '{"code":7}', false]);
  assert.deepEqual(told(new CardDeclined("no")), ["card-declined", "no", true]);
  assert.deepEqual(told({ kind: "k", message: "" }), ["k", "", false]);
  const evil = {
    get message(): string {
      throw new Error("never");
    },
  };
  assert.deepEqual(told(evil), ["error", "something was thrown that cannot be read", false]);
  assert.deepEqual(told(new Error("half \ud83d")), ["error", "half \ufffd", false]);
});

test("the details of an error are its stack and its causes, those of a failure are its own", () => {
  const details = toWire(new Error("outer", { cause: new TypeError("inner") })).details ?? "";
  assert.match(details, /^Error: outer\n.*endings[^]*\ncaused by TypeError: inner\n/);
  assert.equal(toWire(new Failure("k", "m")).details, null);
});

test("what has no JSON form is a failure where it is used", async () => {
  for (const value of [1n, () => 1, Symbol("s")]) {
    const { log } = await run(async (ctx) => await ctx.activity("add_one", value));
    assert.match(log.at(-1) ?? "", /^fail not-serializable: /);
  }
  const result = await run(async () => 1n);
  assert.throws(() => result.result(), { kind: "not-serializable", nonRetriable: true });
});

test("undefined, null and what turns into null are no value", async () => {
  for (const value of [undefined, null, NaN, { toJSON: () => null }]) {
    assert.deepEqual((await run(async () => value)).log, ["complete"]);
  }
});

test("an orchestration that nothing can move on is stalled", async () => {
  const stalled = await run(() => new Promise(() => {}));
  assert.throws(() => stalled.result(), { kind: "stalled", nonRetriable: true });
  const later = await run(async (ctx) => {
    await ctx.activity("add_one", 1);
    ctx.timer(1).cancel();
    await new Promise(() => {});
  });
  assert.throws(() => later.result(), { kind: "stalled" });
});

test("an orchestration continues as new at once, even from within a try", async () => {
  const app = new App();
  app.orchestration("main", async (ctx, n: number) => {
    if (n === 0) return "done";
    try {
      ctx.continueAsNew(n - 1);
    } catch {
      ctx.log("info", "tidied up");
    }
    return "never seen";
  });
  const run = await new Harness(app).run("main", 2);
  assert.equal(run.result(), "done");
  assert.equal(run.executions, 3);
  assert.deepEqual(run.log.slice(0, 2), ["log info tidied up", "continue as new 1"]);
});

test("events that came too early reach the next execution", async () => {
  const app = new App();
  app.orchestration("main", async (ctx, n: number) => {
    if (n === 0) return await ctx.event("GO");
    await ctx.timer({ hours: 1 });
    return ctx.continueAsNew(0, { keepEvents: n === 1 });
  });
  assert.equal((await new Harness(app).event("go", "data").run("main", 1)).result(), "data");
  await assert.rejects(new Harness(app).event("go", "data").run("main", 2), /waits for something/);
});

test("an input that `parse` refuses is invalid, and nothing runs", async () => {
  const parse = (input: unknown): number => {
    if (typeof input !== "number") throw new Error("expected a number");
    return input;
  };
  const app = new App();
  app.activity("half", (n: number) => n / 2, { parse });
  app.orchestration("main", (ctx, n: number) => ctx.activity("half", n), { parse });
  await assert.rejects(new Harness(app).run("main", "2"), { kind: "invalid-input", nonRetriable: true });
  assert.equal((await new Harness(app).run("main", 2)).result(), 1);
});

test("a name is registered once", () => {
  const app = new App();
  app.activity("a", () => 1);
  assert.throws(() => app.activity("a", () => 2), /two activities named "a"/);
  assert.throws(() => new App(app, app), /two activities named "a"/);
});
