"""Monitor: looks at a certificate once a day until it is about to expire, with a history that never grows."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import rondo
from rondo import ActivityContext, Context, Retry

app = rondo.App()

CHECKS_PER_EXECUTION = 3
"""After so many looks the history is thrown away and a new execution goes on."""


@dataclass
class Watch:
    host: str
    valid_days: int
    warn_days: int
    day_ms: int
    checks: int = 0
    """How many looks earlier executions have taken."""


@dataclass
class Finding:
    host: str
    days_left: int


@dataclass
class Warning:
    message: str
    checks: int


@app.orchestration
def watch(ctx: Context, watch: Watch) -> Generator[Any, Any, Warning]:
    """Watches a certificate until it is about to expire."""
    # An orchestration may as well be a generator that yields what it waits for.
    for _ in range(CHECKS_PER_EXECUTION):
        finding: Finding = yield ctx.activity(look, watch, retry=Retry(10, backoff=2.0))
        watch.checks += 1
        ctx.set_custom_status(finding)
        if finding.days_left <= watch.warn_days:
            message: str = yield ctx.activity(notify, finding)
            return Warning(message, watch.checks)
        yield ctx.timer(timedelta(milliseconds=watch.day_ms))
    ctx.continue_as_new(watch)


@app.activity
def look(ctx: ActivityContext, watch: Watch) -> Finding:
    """Looks at a certificate."""
    # A real one would connect to the host and read its certificate.
    if not watch.host:
        raise rondo.Failure("no-host", "there is nothing to look at", non_retriable=True)
    return Finding(watch.host, max(watch.valid_days - watch.checks, 0))


@app.activity
def notify(ctx: ActivityContext, finding: Finding) -> str:
    """Tells its owner."""
    return f"the certificate of {finding.host} expires in {finding.days_left} days"
