/** Greets everybody at once. */

import { App } from "rondo";

const app = new App();

const greet = app.activity("greet", (name: string) => `Hello, ${name}!`, { description: "Greets one person." });

app.orchestration(
  "__NAME__",
  async (ctx, names: string[]) => await ctx.all(names.map((name) => ctx.activity(greet, name))),
  { description: "Greets everybody by name." },
);

// What the component offers.
export default app;
