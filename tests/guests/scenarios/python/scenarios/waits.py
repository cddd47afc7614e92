"""Timers and events; who is first, and what becomes of the others."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import rondo
from rondo import Context

from scenarios.activities import add_one, echo, square
from scenarios.calls import chain

app = rondo.App()


@dataclass
class SendEvent:
    data: Any
    instance_id: str
    name: str


@dataclass
class EventTimeout:
    ms: int
    name: str


@dataclass
class ActivityTimeout:
    ms: int


def millis(ms: int) -> timedelta:
    return timedelta(milliseconds=ms)


@app.orchestration
async def timer(ctx: Context, ms: int) -> datetime:
    await ctx.timer(millis(ms))
    return ctx.now()


@app.orchestration
def timer_at(ctx: Context, at: datetime) -> Generator[Any, Any, datetime]:
    yield ctx.timer_at(at)
    return ctx.now()


@app.orchestration
async def wait_event(ctx: Context, name: str) -> Any:
    return await ctx.event(name)


@app.orchestration
async def wait_twice(ctx: Context) -> list[Any]:
    first, second = ctx.event("go").start(), ctx.event("go").start()
    return [await first, await second]


@app.orchestration
async def send_event(ctx: Context, input: SendEvent) -> int:
    ctx.send_event(input.instance_id, input.name, input.data)
    return await ctx.activity(add_one, 1)


@app.orchestration
async def timeout_event(ctx: Context, input: EventTimeout) -> Any:
    try:
        return await ctx.timeout(millis(input.ms), ctx.event(input.name))
    except TimeoutError:
        return "too late"


@app.orchestration
async def timeout_activity(ctx: Context, input: ActivityTimeout) -> int:
    return await ctx.timeout(millis(input.ms), ctx.activity(add_one, 1))


@app.orchestration
async def race(ctx: Context, durations: list[int]) -> Any:
    winner, _ = await rondo.race(*(ctx.timer(millis(ms)) for ms in durations))
    return await ctx.activity(echo, winner)


@app.orchestration
async def race_mixed(ctx: Context) -> int:
    winner, _ = await rondo.race(
        ctx.event("go"), ctx.activity(add_one, 1), ctx.child(chain, 1), ctx.timer(timedelta(minutes=1))
    )
    return winner


@app.orchestration
async def races(ctx: Context) -> list[Any]:
    return [(await rondo.race(ctx.event("a"), ctx.event("b")))[1] for _ in range(2)]


@app.orchestration
async def hand_over(ctx: Context) -> None:
    ctx.event("a").start()
    await ctx.event("b")
    ctx.continue_as_new()


@app.orchestration
async def cancel(ctx: Context) -> None:
    calls: list[rondo.Call[Any]] = [
        ctx.activity(square, 2).start(),
        ctx.timer(60).start(),
        ctx.event("x").start(),
        ctx.child(chain, 1).start(),
        ctx.activity(add_one, 7).start(),
    ]
    await ctx.activity(add_one, 0)
    for call in reversed(calls):
        call.cancel()
