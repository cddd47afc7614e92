"""What goes wrong."""

from typing import Any

import rondo
from rondo import Context

from scenarios.activities import Failing, add_one, echo, fail

app = rondo.App()


@app.orchestration
async def call_fail(ctx: Context, failing: Failing) -> None:
    await ctx.activity(fail, failing)


@app.orchestration
async def catch_fail(ctx: Context, failing: Failing) -> Failing | None:
    try:
        await ctx.activity(fail, failing)
    except rondo.Failure as failure:
        return Failing(failure.details, failure.kind, failure.message, failure.non_retriable)
    return None


@app.orchestration
async def fail_with(ctx: Context, failing: Failing) -> None:
    failing.fail()


@app.orchestration
async def throws(ctx: Context) -> None:
    raise ValueError("boom")


@app.orchestration
async def throws_later(ctx: Context) -> None:
    await ctx.activity(add_one, 0)
    raise ValueError("boom")


@app.orchestration
async def stalled(ctx: Context) -> None:
    await rondo.race()


@app.orchestration
async def all_fails(ctx: Context) -> Any:
    try:
        return await rondo.gather(*(ctx.activity(add_one, n) for n in range(3)))
    except rondo.Failure as failure:
        return await ctx.activity(echo, failure.kind)


@app.orchestration
async def settle_all(ctx: Context) -> list[Any]:
    settled = await rondo.gather(*(ctx.activity(add_one, n) for n in range(3)), return_exceptions=True)
    return [result.kind if isinstance(result, rondo.Failure) else result for result in settled]
