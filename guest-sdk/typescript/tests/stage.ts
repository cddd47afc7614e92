/** What the tests of the SDK have in common. */

import { App } from "rondo";
import type { Context } from "rondo";
import { Harness } from "rondo/testing";
import type { Run } from "rondo/testing";

/** Adds one; something to call. */
export const addOne = (n: number): number => n + 1;

/** Runs an orchestration beside an activity `add_one`, and a harness that the test may prepare. */
export function run(
  orchestration: (ctx: Context) => unknown,
  prepare: (harness: Harness) => Harness = (harness) => harness,
): Promise<Run> {
  const app = new App();
  app.activity("add_one", addOne);
  app.orchestration("main", orchestration);
  return prepare(new Harness(app)).run("main");
}

/** An orchestration as the host runs it: its actions after each turn. */
export const EXECUTION = {
  instanceId: "test",
  executionId: "00112233445566778899aabbccddeeff",
  name: "main",
  version: null,
  input: null,
  tags: [],
  parent: null,
};
