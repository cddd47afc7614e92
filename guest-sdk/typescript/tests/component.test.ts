/** What stands in for JavaScript's own facilities in a component, as far as it needs no component. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { format } from "../src/component/format.js";
import { Stream } from "../src/component/stream.js";

test("console writes texts as they are, and everything else as JSON", () => {
  assert.equal(format(["a", 1, null, undefined, { b: [true] }, 2n]), 'a 1 null undefined {"b":[true]} 2');
  assert.equal(format(["%s is %d%% of %o%c", "a", "50", { b: 1 }, "color: red", "rest"]), 'a is 50% of {"b":1} rest');
  assert.equal(format(["100%", "%s"]), "100% %s");
  assert.match(format([new TypeError("no")]), /^TypeError: no\n/);
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  assert.equal(format([circle]), "[object Object]");
});

test("the chance of an execution is its own, and the same every time", () => {
  const draw = (seed: string): unknown[] => {
    const stream = new Stream(seed);
    return [stream.unit(), stream.unit(), stream.uuid()];
  };
  assert.deepEqual(draw("a"), draw("a"));
  assert.notDeepEqual(draw("a"), draw("b"));
  assert.match(new Stream("a").uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const mean =
    Array.from(
      { length: 1_000 },
      (
        (stream) => () =>
          stream.unit()
      )(new Stream("c")),
    ).reduce((a, b) => a + b) / 1_000;
  assert.ok(Math.abs(mean - 0.5) < 0.05, `${mean}`);
});
