"""Human interaction: an expense report waits for somebody's decision, but not forever."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import rondo
from rondo import ActivityContext, Context

app = rondo.App()
log = logging.getLogger(__name__)

Policy = Literal["automatic", "needs-decision"]


@dataclass
class Expense:
    employee: str
    amount_cents: int
    timeout_ms: int
    """How long the first approver has, and then their manager."""


@dataclass
class Decision:
    approved: bool
    by: str


@dataclass
class Outcome:
    approved: bool
    by: str
    booking: str | None


@app.orchestration
async def expense(ctx: Context, expense: Expense) -> Outcome:
    """Takes an expense to its approval or rejection."""
    if await ctx.activity(classify, expense) == "automatic":
        decision = Decision(True, "policy")
    else:
        decision = await decide(ctx, expense)
    booking = await ctx.activity(reimburse, expense) if decision.approved else None
    ctx.set_custom_status("approved" if decision.approved else "rejected")
    return Outcome(decision.approved, decision.by, booking)


async def decide(ctx: Context, expense: Expense) -> Decision:
    """Asks the approver, then their manager; when both stay silent, the answer is no."""
    for asked in ("approver", "manager"):
        ctx.set_custom_status(f"waiting for the {asked}")
        try:
            return await ctx.timeout(timedelta(milliseconds=expense.timeout_ms), ctx.event("decision", Decision))
        except rondo.Elapsed:
            log.warning("no decision by the %s for %s", asked, expense.employee)
    return Decision(False, "timeout")


@app.activity
def classify(ctx: ActivityContext, expense: Expense) -> Policy:
    """Says whether an expense needs a decision."""
    if expense.amount_cents == 0:
        raise rondo.Failure("empty-expense", "there is nothing to pay back", non_retriable=True)
    return "automatic" if expense.amount_cents <= 5_000 else "needs-decision"


@app.activity
def reimburse(ctx: ActivityContext, expense: Expense) -> str:
    """Pays an expense back."""
    return f"{expense.employee} gets {expense.amount_cents // 100}.{expense.amount_cents % 100:02}"
