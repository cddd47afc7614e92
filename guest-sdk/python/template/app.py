"""Greets everybody at once."""

import rondo
from rondo import ActivityContext, Context

app = rondo.App()


@app.orchestration
async def __NAME__(ctx: Context, names: list[str]) -> list[str]:
    """Greets everybody by name."""
    return await rondo.gather(*(ctx.activity(greet, name) for name in names))


@app.activity
def greet(ctx: ActivityContext, name: str) -> str:
    """Greets one person."""
    return f"Hello, {name}!"


# What the component exports. Nothing else in this file is looked at by name.
Orchestrator, Activity = app.export()
