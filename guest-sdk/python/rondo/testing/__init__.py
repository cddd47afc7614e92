"""Runs orchestrations in an ordinary unit test: no WebAssembly, no host, no waiting.

Time is virtual: a timer of three days fires at once when nothing else is left to do. Activities and children of the
same app really run unless the test replaces them. After every turn the whole history is replayed into a fresh copy of
the orchestration, which must decide the same again; so every test is also a test of determinism::

    harness = Harness(app).activity("charge", lambda order: "paid").event("approval", True, after=timedelta(days=1))
    run = harness.run("order", order)
    assert run.result() == "shipped"
    assert run.elapsed == timedelta(days=1)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rondo import errors, payload, wire
from rondo.application import App
from rondo.errors import kind
from rondo.moments import Duration, millis, to_millis
from rondo.testing.world import Double, Instance, World


class Run:
    """How an orchestration went."""

    def __init__(self, world: World, first: Instance) -> None:
        self._outcome = first.outcome
        self.log: list[str] = world.log
        """What was decided and what happened, in the order of it; of all instances."""
        self.elapsed: timedelta = timedelta(milliseconds=world.now_ms - world.start_ms)
        """How much virtual time has passed."""
        self.executions: int = first.generation + 1
        """How many there were; more than one after a continue-as-new."""
        self.custom_status: Any = first.custom_status
        """What was set last."""

    def result(self) -> Any:
        """What it returned, as decoded JSON; raises its `Failure`."""
        if isinstance(self._outcome, wire.Failure):
            raise errors.from_wire(self._outcome)
        return payload.decode(self._outcome, Any, None, kind.INVALID_OUTPUT)


class Harness:
    """A test's stage: what is there, what is replaced, what happens from outside."""

    def __init__(
        self,
        app: App,
        *,
        instance_id: str = "test",
        version: str | None = None,
        tags: Mapping[str, str] | None = None,
        start: datetime = datetime(2030, 1, 1, tzinfo=UTC),
    ) -> None:
        self._world = World(app.prepare(), to_millis(start))
        self._instance_id = instance_id
        self._version = version
        self._tags = sorted((tags or {}).items())

    def activity(self, name: str, double: Double) -> Harness:
        """Puts a function, from its decoded input to its result, in the place of an activity. It takes no time."""
        self._world.activities[name] = double
        return self

    def child(self, name: str, double: Double) -> Harness:
        """The same in the place of an orchestration that is called as a child."""
        self._world.children[name] = double
        return self

    def event(self, name: str, data: object = None, after: Duration = 0) -> Harness:
        """Raises an external event on the orchestration, before its first turn or at a later time."""
        text = payload.encode(data)
        self._world.at(millis(after), lambda: self._world.raise_event(self._instance_id, name, text))
        return self

    def run(self, orchestration: str | Callable[..., Any], input: object = None) -> Run:
        """Runs an orchestration until it ends. A harness runs one only once.

        Raises an `AssertionError` when it waits for something that the test does not provide, decides differently when
        it is replayed, or never ends. The message shows all that happened.
        """
        world = self._world
        name = orchestration if isinstance(orchestration, str) else world.catalog.orchestrations[orchestration].name
        first = world.begin(self._instance_id, name, payload.encode(input), self._version, self._tags, None)
        world.drive(first)
        return Run(world, first)
