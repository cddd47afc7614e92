"""Activities, from the inside."""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING

from rondo import payload, wire
from rondo.errors import Failure, kind

if TYPE_CHECKING:
    from rondo.application import Definition


class ActivityContext:
    """What an activity may know about the call it serves."""

    def __init__(self, context: wire.ActivityContext) -> None:
        self.instance_id = context.instance_id
        """The instance that called."""
        self.execution_id = context.execution_id
        """Which execution of it."""
        self.attempt = context.attempt
        """Which attempt this is, counted from 1."""
        self.idempotency_key = f"{context.execution_id}-{context.task}"
        """A text that is the same for every attempt of this call, and different for every other call.

        An activity may run more than once. Give this to services that recognise repeated requests.
        """


def run(definition: Definition, input: str | None, context: wire.ActivityContext) -> str | None:
    """Runs one attempt to its end. Raises whatever the activity raises."""
    result = definition.call(ActivityContext(context), input)
    if isinstance(result, CoroutineType):
        try:
            result.send(None)
        except StopIteration as end:
            result = end.value
        else:
            result.close()
            raise Failure(kind.STALLED, "the activity awaits something that nothing in it will complete")
    return payload.encode(result)
