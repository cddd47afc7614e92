"""What goes in and comes out."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import rondo
from rondo import Context

from scenarios.activities import add_one
from scenarios.activities import echo as echo_activity

app = rondo.App()


@app.orchestration
async def echo(ctx: Context, value: Any) -> Any:
    return value


@app.orchestration
async def call_echo(ctx: Context, value: Any) -> Any:
    return await ctx.activity(echo_activity, value)


@app.orchestration
async def identity(ctx: Context) -> dict[str, Any]:
    parent = ctx.parent
    return {
        "execution_id": ctx.execution_id,
        "instance_id": ctx.instance_id,
        "name": ctx.name,
        "parent": None if parent is None else dict(sorted(asdict(parent).items())),
        "tags": ctx.tags,
        "version": ctx.version,
    }


@app.orchestration
async def now(ctx: Context) -> list[datetime]:
    before = ctx.now()
    await ctx.activity(add_one, 0)
    return [before, ctx.now()]


@app.orchestration
async def random(ctx: Context) -> tuple[int, UUID, int, UUID, int]:
    before = ctx.random_below(6), ctx.uuid(), ctx.random_below(1_000_000), ctx.uuid()
    await ctx.activity(add_one, 0)
    return *before, ctx.random_below(2**53 - 1)


@app.orchestration
async def not_serializable(ctx: Context) -> Any:
    return await ctx.activity(echo_activity, {(1,): "only texts are keys"})
