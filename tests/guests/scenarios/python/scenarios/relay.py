"""For applications of several languages."""

from dataclasses import dataclass, replace

import rondo
from rondo import Context

app = rondo.App()


@dataclass
class Relay:
    activities: list[str]
    children: list[str]
    event: str | None
    value: str


@app.orchestration
async def python_relay(ctx: Context, relay: Relay) -> str:
    value = relay.value
    for activity in relay.activities:
        value = await ctx.activity(activity, value, returns=str)
    if relay.event is not None:
        await ctx.event(relay.event)
    for child in relay.children:
        value = await ctx.child(child, replace(relay, children=[], event=None, value=value), returns=str)
    return f"{value}[python]"
