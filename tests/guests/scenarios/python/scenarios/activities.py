"""The activities."""

from dataclasses import dataclass
from typing import Any, NoReturn

import rondo
from rondo import ActivityContext

app = rondo.App()


@dataclass
class Failing:
    """How a failure is written in inputs and results."""

    details: str | None
    kind: str
    message: str
    non_retriable: bool

    def fail(self) -> NoReturn:
        raise rondo.Failure(self.kind, self.message, self.details, self.non_retriable)


@dataclass
class Flaky:
    """How long `flaky` fails."""

    succeed_on: int


@dataclass
class Whoami:
    attempt: int
    execution_id: str
    idempotency_key: str
    instance_id: str


@app.activity
def add_one(ctx: ActivityContext, n: int) -> int:
    return n + 1


@app.activity
async def square(ctx: ActivityContext, n: int) -> int:
    return n * n


@app.activity
def echo(ctx: ActivityContext, value: Any) -> Any:
    return value


@app.activity
def flaky(ctx: ActivityContext, flaky: Flaky) -> int:
    if ctx.attempt < flaky.succeed_on:
        raise rondo.Failure("flaky", f"attempt {ctx.attempt} of {flaky.succeed_on}")
    return ctx.attempt


@app.activity
def fail(ctx: ActivityContext, failing: Failing) -> None:
    failing.fail()


@app.activity
def whoami(ctx: ActivityContext) -> Whoami:
    return Whoami(ctx.attempt, ctx.execution_id, ctx.idempotency_key, ctx.instance_id)


@app.activity
def throws(ctx: ActivityContext) -> None:
    raise ValueError("boom")


@app.activity
def python_stamp(ctx: ActivityContext, text: str) -> str:
    return f"{text}<python>"
