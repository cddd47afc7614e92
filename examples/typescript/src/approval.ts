/** Human interaction: an expense report waits for somebody's decision, but not forever. */

import { App, Failure } from "rondo";
import type { Context } from "rondo";

export const app = new App();

interface Expense {
  employee: string;
  amount_cents: number;
  /** How long the first approver has, and then their manager. */
  timeout_ms: number;
}

/** The data of the external event `decision`. */
interface Decision {
  approved: boolean;
  by: string;
}

const classify = app.activity(
  "classify",
  ({ amount_cents }: Expense): "automatic" | "needs-decision" => {
    if (amount_cents === 0) {
      throw new Failure("empty-expense", "there is nothing to pay back", { nonRetriable: true });
    }
    return amount_cents <= 5_000 ? "automatic" : "needs-decision";
  },
  { description: "Says whether an expense needs a decision." },
);

const reimburse = app.activity(
  "reimburse",
  ({ employee, amount_cents }: Expense) => `${employee} gets ${(amount_cents / 100).toFixed(2)}`,
  { description: "Pays an expense back." },
);

app.orchestration(
  "expense",
  async (ctx, expense: Expense) => {
    const isAutomatic = (await ctx.activity(classify, expense)) === "automatic";
    const { approved, by } = isAutomatic ? { approved: true, by: "policy" } : await decide(ctx, expense);
    const booking = approved ? await ctx.activity(reimburse, expense) : null;
    ctx.setCustomStatus(approved ? "approved" : "rejected");
    return { approved, by, booking };
  },
  { description: "Takes an expense to its approval or rejection." },
);

/** Asks the approver, then their manager; when both stay silent, the answer is no. */
async function decide(ctx: Context, { employee, timeout_ms }: Expense): Promise<Decision> {
  for (const asked of ["approver", "manager"]) {
    ctx.setCustomStatus(`waiting for the ${asked}`);
    try {
      return await ctx.timeout(timeout_ms, ctx.event<Decision>("decision"));
    } catch (error) {
      if (!Failure.is(error, "timeout")) {
        throw error;
      }
      console.warn(`no decision by the ${asked} for ${employee}`);
    }
  }
  return { approved: false, by: "timeout" };
}
