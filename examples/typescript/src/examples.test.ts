/** Each example gives what its Rust twin gives, and the interesting ways in which they go wrong. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Failure } from "rondo";
import { Harness } from "rondo/testing";

import app from "./main.js";

interface Example {
  orchestration: string;
  input: unknown;
  events?: { name: string; data: unknown }[];
  output: unknown;
}

/** Tests run in the folder of the project. */
function example(name: string): Example {
  return JSON.parse(readFileSync(`../${name}/run.json`, "utf8")) as Example;
}

for (const name of ["chaining", "fan_out", "approval", "saga", "monitor", "sub_orchestrations"]) {
  test(`${name} gives what the example in Rust gives`, async () => {
    const { orchestration, input, events = [], output } = example(name);
    const harness = new Harness(app);
    events.forEach((event) => harness.event(event.name, event.data));
    assert.deepEqual((await harness.run(orchestration, input)).result(), output);
  });
}

test("charging is tried again", async () => {
  let attempts = 0;
  const charge = (quote: { total_cents: number }): unknown => {
    attempts += 1;
    if (attempts < 3) {
      throw new Failure("provider-down", "try later");
    }
    return { reference: "pay-1", charged_cents: quote.total_cents };
  };
  const run = await new Harness(app).activity("charge", charge).run("order", example("chaining").input);
  assert.equal((run.result() as { paid_cents: number }).paid_cents, 6188);
  assert.equal(run.elapsedMs, 3_000);
});

test("silence is a no", async () => {
  const run = await new Harness(app).run("expense", example("approval").input);
  assert.deepEqual(run.result(), { approved: false, by: "timeout", booking: null });
  assert.deepEqual([run.elapsedMs, run.customStatus], [20 * 60_000, "rejected"]);
});

test("the manager decides when the approver does not", async () => {
  const harness = new Harness(app).event("decision", { approved: true, by: "Robin" }, { minutes: 15 });
  const run = await harness.run("expense", example("approval").input);
  assert.equal((run.result() as { by: string }).by, "Robin");
});

test("a watch goes on in new executions", async () => {
  assert.equal((await new Harness(app).run("watch", example("monitor").input)).executions, 2);
});

test("a part that fails fails the order", async () => {
  const order = { id: "A-1", lines: [{ sku: "cup", quantity: 500, warehouse: "north" }] };
  const run = await new Harness(app).run("fulfil", order);
  assert.throws(() => run.result(), { kind: "out-of-stock" });
});
