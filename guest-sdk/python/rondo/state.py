"""What a guest remembers of its execution between turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

from rondo import errors, wire
from rondo.errors import Failure, canceled
from rondo.waiting import Wait

T = TypeVar("T")

Decode = Callable[[str | None], Any]
"""Makes the result of a call from its payload."""


class Core:
    """Shared by the executor, the context and every pending call."""

    def __init__(self, execution: wire.Execution) -> None:
        self.execution = execution
        self.now_ms = 0
        self.drawn = 0
        """How many random numbers were drawn."""
        self.open = 0
        """How many tasks may still be settled, that is, may move the orchestration on."""
        self.flush: Callable[[], None] = lambda: None
        """Turns what was printed without an end of line into actions."""
        self.untaken: dict[int, Call[Any]] = {}
        """Waits, by task, with an event that no code has taken."""
        self._actions: list[wire.Action] = []
        # Indexed by task id: the contract wants them dense. None: settled, canceled, or never settled.
        self._tasks: list[Call[Any] | None] = []

    def push(self, action: wire.Action) -> None:
        """Decides something."""
        self._actions.append(action)

    def number(self, action: Any, call: Call[Any] | None) -> int:
        """Decides something that has a task id. `call` hears of it when it is settled."""
        task = len(self._tasks)
        action.value.task = task
        self._tasks.append(call)
        self.open += call is not None
        self._actions.append(action)
        return task

    def settle(self, event: Any) -> None:
        """Takes note of something that happened.

        Tasks that this code never scheduled, or has canceled, are passed over: when changed code replays an old
        history, the host compares actions and reports the difference better than an error here could.
        """
        is_timer = isinstance(event, wire.Event_TimerFired)
        task: int = event.value if is_timer else event.value.task
        call = self._tasks[task] if task < len(self._tasks) else None
        if call is None:
            return
        self.close(task)
        if is_timer:
            call._complete(None)
        elif isinstance(event, _FAILED):
            call._finish(None, errors.from_wire(event.value.failure))
        elif isinstance(event, wire.Event_EventRaised):
            self.untaken[task] = call
            call._complete(event.value.output)
        else:
            call._complete(event.value.output)

    def give_back(self) -> None:
        """Gives back all events that no code has taken."""
        for call in list(self.untaken.values()):
            call.cancel()

    def close(self, task: int) -> None:
        """Forgets about an open task."""
        self._tasks[task] = None
        self.open -= 1

    def take_actions(self) -> list[wire.Action]:
        """The actions since the last call."""
        actions, self._actions = self._actions, []
        return actions


_FAILED = (wire.Event_ActivityFailed, wire.Event_ChildFailed)


class Call(Wait[T]):
    """An activity, a child, a timer or an event, as an orchestration waits for it.

    Nothing is scheduled before it is awaited, yielded, given to `gather` and the like, or started with `start`.
    """

    __slots__ = ("_action", "_core", "_decode", "_task")

    def __init__(self, core: Core, action: Any, decode: Decode) -> None:
        super().__init__()
        self._core = core
        self._action = action
        self._decode = decode
        self._task: int | None = None

    @classmethod
    def broken(cls, core: Core, error: BaseException) -> Self:
        """A call that could not be built: it fails when it is awaited, and schedules nothing."""
        call = cls(core, None, lambda _: None)
        call._finish(None, error)
        return call

    def start(self) -> Self:
        """Schedules it now, to be awaited later."""
        if self._task is None and not self._done:
            self._task = self._core.number(self._action, self)
            self._action = None
        return self

    def cancel(self) -> None:
        """Loses interest in it; whoever still awaits it gets a failure of kind `canceled`.

        A timer does not fire, a wait takes no event, an activity is interrupted where possible. A child goes on, but
        its result is dropped. No effect when it is done, but that an event which no code has taken goes back to where it
        was, for the next wait.
        """
        if self._done:
            if self._task is not None and self._core.untaken.pop(self._task, None) is not None:
                self._core.push(wire.Action_Cancel(self._task))
                self._value, self._error = None, canceled()
            return
        if self._task is not None:
            self._core.close(self._task)
            self._core.push(wire.Action_Cancel(self._task))
        self._finish(None, canceled())

    def _poll(self) -> bool:
        if self._task is None and not self._done:
            self.start()
        return self._done

    def _taken(self) -> None:
        if self._task is not None:
            self._core.untaken.pop(self._task, None)

    def _complete(self, payload: str | None) -> None:
        try:
            value = self._decode(payload)
        except Failure as failure:
            self._finish(None, failure)
        else:
            self._finish(value)


class ChildCall(Call[T]):
    """Another orchestration, as its parent waits for it."""

    __slots__ = ()

    def detach(self) -> None:
        """Starts it now and forgets about it: the child has no parent, and nobody hears of its result.

        Raises the failure of a call that could not be built. Whether the child can start is not known here.
        """
        if self._error is not None:
            raise self._error
        if self._task is None:
            self._action.value.detached = True
            self._task = self._core.number(self._action, None)
            self._finish(None)
