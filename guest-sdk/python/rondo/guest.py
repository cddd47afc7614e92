"""One execution: turns in, actions out."""

from __future__ import annotations

from types import CoroutineType, GeneratorType
from typing import Any

from rondo import errors, payload, wire
from rondo.application import Catalog
from rondo.context import Context
from rondo.errors import ContinueAsNew, Failure, kind
from rondo.state import Core
from rondo.waiting import Flow


class Guest:
    """The executor of one orchestration."""

    def __init__(self, catalog: Catalog, execution: wire.Execution) -> None:
        """Finds the orchestration and reads its input. None of its code runs yet.

        Raises a `Failure` when there is no such orchestration, or the input does not fit.
        """
        self.core = Core(execution)
        definition = catalog.orchestration(execution.name)
        self._function = definition.function
        self._arguments = definition.arguments(Context(self.core, catalog), execution.input)
        self._running: Flow[Any] | None = None
        self._has_begun = False
        self._has_ended = False

    def turn(self, turn: wire.Turn) -> list[wire.Action]:
        """Takes note of what happened, and goes on as far as it can. Never raises."""
        core = self.core
        core.now_ms = turn.now
        for event in turn.events:
            core.settle(event)
        if not self._has_ended:
            end = self._advance()
            if end is not None:
                self._has_ended, self._running = True, None
                core.flush()
                core.push(end)
        return core.take_actions()

    def _advance(self) -> wire.Action | None:
        """The last action, when the orchestration has ended."""
        try:
            if not self._has_begun:
                self._has_begun = True
                begun = self._function(*self._arguments)
                if not isinstance(begun, (CoroutineType, GeneratorType)):
                    return wire.Action_Complete(payload.encode(begun))
                self._running = Flow(begun)
            running = self._running
            if running is not None and running._poll():
                return wire.Action_Complete(payload.encode(running.result()))
            if self.core.open:
                return None
            message = "the orchestration awaits something that no activity, child, timer or event will complete"
            raise Failure(kind.STALLED, message, non_retriable=True)
        except ContinueAsNew as end:
            self.core.give_back()
            return wire.Action_ContinueAsNew(end.action)
        except BaseException as error:
            return wire.Action_Fail(errors.to_wire(error))
