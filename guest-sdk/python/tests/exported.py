"""Not a test: what `test_exports.py` runs in a process of its own, as a component would be run.

Takes an execution id and an input, and prints what the exported classes answer as JSON.
"""

import asyncio
import json
import logging
import random
import sys
import time
import traceback
import uuid
from typing import Any

import rondo
from rondo import wire

app = rondo.App()


@app.orchestration
async def it(ctx: rondo.Context, what: str) -> Any:
    """Does one thing.

    And this is more about it.
    """
    if what == "own sources":
        before = [random.random(), str(uuid.uuid4()), time.time(), time.strftime("%Y")]
        await ctx.timer(5)
        return [*before, random.random(), str(uuid.uuid4()), time.time()]
    if what == "output":
        print("one\ntwo")
        print("to stderr", file=sys.stderr)
        logging.getLogger("shop").warning("%s is low", "stock")
        logging.getLogger("shop").info("a sale")
        logging.debug("nothing")
        print("no end of line", end="")
        return None
    if what == "traceback":
        try:
            raise ValueError("x")
        except ValueError:
            return traceback.format_exc().splitlines()
    refused = {
        "sleep": lambda: time.sleep(1),
        "asyncio": lambda: asyncio.sleep(1),
        "open": lambda: open("/etc/hosts"),  # noqa: SIM115
        "import": lambda: __import__("colorsys"),
    }
    return refused[what]()


@app.activity
def work(ctx: rondo.ActivityContext) -> None:
    raise rondo.Failure("k", "m")


Orchestrator, Activity = app.export()


def main(execution_id: str, input: str) -> Any:
    if input == "activity":
        try:
            Activity().run("work", None, wire.ActivityContext("i", execution_id, 0, 1))
        except wire.Err as error:
            return vars(error.value)
    guest = Orchestrator()
    described = [vars(definition) for definition in guest.describe()]
    try:
        guest.start(wire.Execution("i", execution_id, "it", None, json.dumps(input), [], None))
    except wire.Err as error:
        return vars(error.value)
    turns = [wire.Turn(1_700_000_000_000, []), wire.Turn(1_700_000_005_000, [wire.Event_TimerFired(0)])]
    answer = guest.run(turns)
    lines = [[log.level.name, log.message] for actions in answer for log in map(value_of, actions) if is_log(log)]
    return {"described": described, "last": answer_of(answer), "lines": lines}


def value_of(action: Any) -> Any:
    return action.value


def is_log(value: Any) -> bool:
    return isinstance(value, wire.Log)


def answer_of(answer: list[list[Any]]) -> Any:
    last = [action for actions in answer for action in actions][-1]
    if isinstance(last, wire.Action_Fail):
        return last.value.message
    return None if last.value is None else json.loads(last.value)


print(json.dumps(main(*sys.argv[1:])), file=sys.__stdout__)
