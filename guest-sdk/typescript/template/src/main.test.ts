import assert from "node:assert/strict";
import { test } from "node:test";

import { Harness } from "rondo/testing";

import app from "./main.js";

test("everybody is greeted", async () => {
  const run = await new Harness(app).run("__NAME__", ["Ada", "Bob"]);
  assert.deepEqual(run.result(), ["Hello, Ada!", "Hello, Bob!"]);
});
