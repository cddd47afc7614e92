"""What the instance shows, and how it goes on."""

import random
import time
import uuid
from datetime import datetime

import rondo
from rondo import Context

from scenarios.activities import add_one, echo

app = rondo.App()


@app.orchestration
async def custom_status(ctx: Context) -> None:
    ctx.set_custom_status({"step": 1})
    await ctx.activity(add_one, 0)
    ctx.set_custom_status("grün")
    ctx.set_custom_status("")
    ctx.set_custom_status()


@app.orchestration
async def logs(ctx: Context) -> None:
    ctx.log("trace", "a trace")
    ctx.log("debug", "a debug")
    ctx.log("info", "an info")
    ctx.log("warn", "a warning")
    ctx.log("error", "an error: 🦀")


@app.orchestration
async def countdown(ctx: Context, n: int) -> str:
    if n == 0:
        return "done"
    await ctx.activity(add_one, n)
    ctx.continue_as_new(n - 1)


@app.orchestration
async def continue_options(ctx: Context) -> None:
    ctx.continue_as_new(keep_events=False, version="2")


@app.orchestration
async def own_print(ctx: Context) -> None:
    print("hello")


@app.orchestration
async def own_sources(ctx: Context) -> str:
    for _ in range(2):
        await ctx.activity(echo, sources())
    return sources()


def sources() -> str:
    words = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
    return f"{time.time()} {datetime.now()} {random.random()} {uuid.uuid4()} {' '.join(words)}"
