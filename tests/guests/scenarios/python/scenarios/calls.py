"""Activities, one after another and side by side. Some of it in generators, to see that they are the same."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import rondo
from rondo import Context, Retry

from scenarios.activities import Flaky, add_one, flaky, square

app = rondo.App()


@app.orchestration
def chain(ctx: Context, n: int) -> Generator[Any, Any, int]:
    total: int = yield ctx.activity(add_one, n)
    squared: int = yield ctx.activity(square, total)
    return squared


@app.orchestration
async def sequential(ctx: Context, count: int) -> int:
    last = 0
    for _ in range(count):
        last = await ctx.activity(add_one, last)
    return last


@app.orchestration
def fan_out(ctx: Context, count: int) -> Generator[Any, Any, int]:
    return sum((yield rondo.when_all([ctx.activity(square, n) for n in range(count)])))


@app.orchestration
async def parallel(ctx: Context) -> tuple[int, ...]:
    async def flow(n: int) -> int:
        return await ctx.activity(square, await ctx.activity(add_one, n))

    return await rondo.gather(flow(1), flow(10))


@app.orchestration
async def start_then_await(ctx: Context) -> list[int]:
    first, second = ctx.activity(add_one, 1).start(), ctx.activity(add_one, 2).start()
    later = await second
    return [await first, later]


@app.orchestration
async def retry(ctx: Context, input: Flaky) -> int:
    policy = Retry(
        5,
        first_interval=timedelta(milliseconds=250),
        backoff=1.5,
        max_interval=2,
        timeout=60,
        unless=["fatal", "bad-input"],
    )
    return await ctx.activity(flaky, input, retry=policy)


@app.orchestration
async def retry_default(ctx: Context, input: Flaky) -> int:
    return await ctx.activity(flaky, input, retry=Retry(3))
