"""Write durable orchestrations and activities in Python.

An **orchestration** is an `async def` (or a generator) that says what has to happen: call this, wait for that, then
the next. It can be interrupted anywhere, by a crash or for a year, because the host records what happened and replays
it. An **activity** is a function that does the work.
"""

from rondo.activity import ActivityContext
from rondo.application import App
from rondo.context import Context, Level, Parent
from rondo.errors import ContinueAsNew, Elapsed, Failure, kind
from rondo.retry import Retry
from rondo.state import Call, ChildCall
from rondo.waiting import Wait, gather, race, when_all, when_any

__all__ = [
    "ActivityContext",
    "App",
    "Call",
    "ChildCall",
    "Context",
    "ContinueAsNew",
    "Elapsed",
    "Failure",
    "Level",
    "Parent",
    "Retry",
    "Wait",
    "gather",
    "kind",
    "race",
    "when_all",
    "when_any",
]
