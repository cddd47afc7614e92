/** The promises that take the place of the engine's, inside a component. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { drain } from "../src/loop.js";
import { DurablePromise as P, takeUnhandled } from "../src/promise.js";

/** What a promise has become when nothing can go on. */
function outcome(promise: P<unknown>): [string, unknown] {
  promise.observe();
  drain();
  return [promise.status, promise.outcome];
}

test("reactions run in the queue, in order, and never at once", () => {
  const order: string[] = [];
  P.resolve(1)
    .then(() => order.push("a"))
    .then(() => order.push("c"));
  P.resolve(2).then(() => order.push("b"));
  order.push("first");
  drain();
  assert.deepEqual(order, ["first", "a", "b", "c"]);
});

test("values and failures go along a chain", () => {
  const chain = P.reject(new Error("e"))
    .then(() => 1)
    .catch((error: unknown) => (error as Error).message)
    .finally(() => 7);
  assert.deepEqual(outcome(chain), ["fulfilled", "e"]);
  assert.deepEqual(
    outcome(
      P.resolve(1).finally(() => {
        throw "late";
      }),
    ),
    ["rejected", "late"],
  );
  assert.deepEqual(
    outcome(
      new P(() => {
        throw 1;
      }),
    ),
    ["rejected", 1],
  );
});

test("a promise follows promises and thenables, and is settled once", () => {
  const thenable = {
    then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => {
      resolve(5);
      reject(6);
    },
  };
  assert.deepEqual(outcome(P.resolve(thenable)), ["fulfilled", 5]);
  assert.deepEqual(
    outcome(
      new P((resolve, reject) => {
        resolve(P.resolve(1));
        reject(2);
      }),
    ),
    ["fulfilled", 1],
  );
  const { promise, resolve } = P.withResolvers<unknown>();
  resolve(promise);
  assert.equal(outcome(promise)[0], "rejected");
});

test("all, allSettled, any and race are those of the standard", () => {
  const mixed = (): unknown[] => [P.resolve(1), P.reject("no"), 3];
  assert.deepEqual(outcome(P.all([1, P.resolve(2)])), ["fulfilled", [1, 2]]);
  assert.deepEqual(outcome(P.all([])), ["fulfilled", []]);
  assert.deepEqual(outcome(P.all(mixed())), ["rejected", "no"]);
  const settled = [
    { status: "fulfilled", value: 1 },
    { status: "rejected", reason: "no" },
    { status: "fulfilled", value: 3 },
  ];
  assert.deepEqual(outcome(P.allSettled(mixed())), ["fulfilled", settled]);
  assert.deepEqual(outcome(P.any(mixed())), ["fulfilled", 1]);
  assert.deepEqual((outcome(P.any([P.reject("no")]))[1] as AggregateError).errors, ["no"]);
  assert.deepEqual(outcome(P.race([new P(() => {}), P.reject("no"), 1])), ["rejected", "no"]);
});

test("failures that nobody looks at are kept, once", () => {
  takeUnhandled();
  const looked = P.reject("looked at");
  looked.catch(() => {});
  P.reject("lost");
  drain();
  assert.deepEqual(takeUnhandled(), ["lost"]);
  assert.deepEqual(takeUnhandled(), []);
});
