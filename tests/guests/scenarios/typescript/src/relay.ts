/** For applications of several languages. */

import { App } from "rondo";

export const app = new App();

interface Relay {
  activities: string[];
  children: string[];
  event: string | null;
  value: string;
}

app.orchestration("typescript_relay", async (ctx, relay: Relay) => {
  let { value } = relay;
  for (const activity of relay.activities) {
    value = await ctx.activity<string>(activity, value);
  }
  if (relay.event !== null) {
    await ctx.event(relay.event);
  }
  for (const child of relay.children) {
    const { activities } = relay;
    value = await ctx.child<string>(child, { activities, children: [], event: null, value });
  }
  return `${value}[typescript]`;
});
