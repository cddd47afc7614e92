/** What the instance shows, and how it goes on. */

import { App } from "rondo";

import { addOne, echo } from "./activities.js";

export const app = new App();

app.orchestration("custom_status", async (ctx) => {
  ctx.setCustomStatus({ step: 1 });
  await ctx.activity(addOne, 0);
  ctx.setCustomStatus("grün");
  ctx.setCustomStatus("");
  ctx.setCustomStatus();
});

app.orchestration("logs", async (ctx) => {
  ctx.log("trace", "a trace");
  ctx.log("debug", "a debug");
  ctx.log("info", "an info");
  ctx.log("warn", "a warning");
  ctx.log("error", "an error: 🦀");
});

app.orchestration("countdown", async (ctx, n: number) => {
  if (n === 0) {
    return "done";
  }
  await ctx.activity(addOne, n);
  ctx.continueAsNew(n - 1);
});

app.orchestration("continue_options", async (ctx) => {
  ctx.continueAsNew(undefined, { keepEvents: false, version: "2" });
});

app.orchestration("own_print", async () => {
  console.log("hello");
});

app.orchestration("own_sources", async (ctx) => {
  for (let round = 0; round < 2; round++) {
    await ctx.activity(echo, sources());
  }
  return sources();
});

/** What the language itself has to say. */
function sources(): string {
  const words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
  const order = [...new Set(words), ...Object.keys(Object.fromEntries(words.map((word) => [word, word])))];
  const chance = [Math.random(), crypto.randomUUID()];
  return [Date.now(), new Date(), performance.now(), ...chance, ...order].map(said).join(" ");
}

function said(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
