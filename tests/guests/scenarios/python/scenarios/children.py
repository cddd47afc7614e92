"""Orchestrations that start orchestrations."""

import rondo
from rondo import Context, Retry

from scenarios.activities import add_one
from scenarios.calls import chain

app = rondo.App()


@app.orchestration
async def child(ctx: Context, n: int) -> int:
    return await ctx.child(chain, n)


@app.orchestration
async def child_options(ctx: Context, n: int) -> int:
    return await ctx.child(
        chain,
        n,
        instance_id=f"{ctx.instance_id}-kid",
        version="2.0",
        tags={"zeta": "1", "alpha": "ä"},
        retry=Retry(3),
    )


@app.orchestration
async def catch_child(ctx: Context, n: int) -> int | str:
    try:
        return await ctx.child(chain, n)
    except rondo.Failure as failure:
        return failure.kind


@app.orchestration
async def detached(ctx: Context, n: int) -> int:
    ctx.child(chain, n, instance_id="free-1").detach()
    ctx.child(chain, n).detach()
    return await ctx.activity(add_one, 1)
