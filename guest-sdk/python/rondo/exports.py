"""The way from an `App` to a component's exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rondo import activity, errors, guards, wire

if TYPE_CHECKING:
    from rondo.application import Catalog
    from rondo.guest import Guest


def classes(catalog: Catalog) -> tuple[type, type]:
    """The classes that componentize-py looks for in the entry module.

    A component instance serves exactly one execution, or one attempt of an activity. Nothing but `Err` may leave these
    methods: any other exception would trap.
    """
    from rondo.guest import Guest

    guards.prepare()

    class Orchestrator:
        _guest: Guest | None = None

        def describe(self) -> list[wire.Definition]:
            return [wire.Definition(one.name, one.description) for one in catalog.orchestrations.values()]

        def start(self, execution: wire.Execution) -> None:
            try:
                guest = Guest(catalog, execution)
                guards.orchestrate(guest.core)
                Orchestrator._guest = guest
            except BaseException as error:
                raise wire.Err(errors.to_wire(error)) from None

        def run(self, turns: list[wire.Turn]) -> list[list[wire.Action]]:
            guest = Orchestrator._guest
            if guest is None:
                raise RuntimeError("the host calls `start` before `run`")
            return [guest.turn(turn) for turn in turns]

    class Activity:
        def describe(self) -> list[wire.Definition]:
            return [wire.Definition(one.name, one.description) for one in catalog.activities.values()]

        def run(self, name: str, input: str | None, context: wire.ActivityContext) -> str | None:
            try:
                guards.work()
                return activity.run(catalog.activity(name), input, context)
            except BaseException as error:
                raise wire.Err(errors.to_wire(error)) from None

    return Orchestrator, Activity
