"""What an orchestration can do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, overload
from uuid import UUID

from rondo import draws, payload, wire
from rondo.errors import ContinueAsNew, Failure, kind
from rondo.moments import MILLIS_MAX, Duration, from_millis, millis, to_millis
from rondo.retry import Retry
from rondo.shapes import reader
from rondo.state import Call, ChildCall, Core, Decode
from rondo.waiting import Item, Timeout, Wait

if TYPE_CHECKING:
    from rondo.activity import ActivityContext
    from rondo.application import Catalog, Definition

I = TypeVar("I")  # noqa: E741
T = TypeVar("T")

Level = Literal["trace", "debug", "info", "warn", "error"]
"""How much a log line matters."""

Parent = wire.Parent
"""Who started an orchestration and waits for its result: `instance_id`, `execution_id`, `name`."""


class Context:
    """An orchestration's only way to the outside.

    Everything here is deterministic: run again with the same history, the same code makes the same decisions. So an
    orchestration must not get anything from elsewhere.
    """

    def __init__(self, core: Core, catalog: Catalog) -> None:
        self._core = core
        self._catalog = catalog

    # Doing things.

    @overload
    def activity(
        self,
        activity: Callable[[ActivityContext, I], Awaitable[T]],
        input: I,
        *,
        retry: Retry | None = None,
    ) -> Call[T]: ...
    @overload
    def activity(
        self, activity: Callable[[ActivityContext], Awaitable[T]], *, retry: Retry | None = None
    ) -> Call[T]: ...
    @overload
    def activity(
        self, activity: Callable[[ActivityContext, I], T], input: I, *, retry: Retry | None = None
    ) -> Call[T]: ...
    @overload
    def activity(self, activity: Callable[[ActivityContext], T], *, retry: Retry | None = None) -> Call[T]: ...
    @overload
    def activity(
        self, activity: str, input: object = None, *, retry: Retry | None = None, returns: type[T]
    ) -> Call[T]: ...
    @overload
    def activity(self, activity: str, input: object = None, *, retry: Retry | None = None) -> Call[Any]: ...
    def activity(
        self, activity: Any, input: Any = None, *, retry: Retry | None = None, returns: Any = Any
    ) -> Call[Any]:
        """Calls an activity: one of this component by its function, any that is deployed by its name.

        The result of a function has the type that it is annotated with; `returns` says the same for a name::

            receipt = await ctx.activity(charge, order, retry=Retry(5, backoff=2.0))
            rate = await ctx.activity("rates/euro", "USD", returns=float)
        """
        try:
            name, decode = self._callee(activity, returns, self._catalog.activities, kind.ACTIVITY_NOT_FOUND)
            policy = None if retry is None else retry.policy()
            action = wire.ScheduleActivity(0, name, payload.encode(input), policy)
        except Failure as failure:
            return Call.broken(self._core, failure)
        return Call(self._core, wire.Action_ScheduleActivity(action), decode)

    @overload
    def child(
        self,
        orchestration: Callable[[Context, I], Awaitable[T] | Generator[Any, Any, T]],
        input: I,
        *,
        instance_id: str | None = None,
        version: str | None = None,
        tags: Mapping[str, str] | None = None,
        retry: Retry | None = None,
    ) -> ChildCall[T]: ...
    @overload
    def child(
        self,
        orchestration: Callable[[Context], Awaitable[T] | Generator[Any, Any, T]],
        *,
        instance_id: str | None = None,
        version: str | None = None,
        tags: Mapping[str, str] | None = None,
        retry: Retry | None = None,
    ) -> ChildCall[T]: ...
    @overload
    def child(
        self,
        orchestration: str,
        input: object = None,
        *,
        instance_id: str | None = None,
        version: str | None = None,
        tags: Mapping[str, str] | None = None,
        retry: Retry | None = None,
        returns: type[T],
    ) -> ChildCall[T]: ...
    @overload
    def child(
        self,
        orchestration: str,
        input: object = None,
        *,
        instance_id: str | None = None,
        version: str | None = None,
        tags: Mapping[str, str] | None = None,
        retry: Retry | None = None,
    ) -> ChildCall[Any]: ...
    def child(
        self,
        orchestration: Any,
        input: Any = None,
        *,
        instance_id: str | None = None,
        version: str | None = None,
        tags: Mapping[str, str] | None = None,
        retry: Retry | None = None,
        returns: Any = Any,
    ) -> ChildCall[Any]:
        """Calls another orchestration as a child of this one, by its function or by its name.

        Without an `instance_id` the host derives one; one that is in use fails the call with kind `instance-exists`.
        `ctx.child(…).detach()` starts it and does not wait.
        """
        try:
            name, decode = self._callee(
                orchestration, returns, self._catalog.orchestrations, kind.ORCHESTRATION_NOT_FOUND
            )
            action = wire.StartChild(
                task=0,
                name=name,
                instance_id=None if instance_id is None else wire.text(instance_id),
                version=None if version is None else wire.text(version),
                input=payload.encode(input),
                # By code points, which is the order of their UTF-8 bytes as well.
                tags=sorted((wire.text(key), wire.text(value)) for key, value in (tags or {}).items()),
                retry=None if retry is None else retry.policy(),
                detached=False,
            )
        except Failure as failure:
            return ChildCall.broken(self._core, failure)
        return ChildCall(self._core, wire.Action_StartChild(action), decode)

    def timer(self, duration: Duration) -> Call[None]:
        """A durable timer that fires so long after now, the time of this call: a `timedelta`, or seconds."""
        return self._timer(self._core.now_ms + millis(duration))

    def timer_at(self, moment: datetime) -> Call[None]:
        """A durable timer that fires at a moment; at once when that is past."""
        return self._timer(to_millis(moment))

    @overload
    def event(self, name: str, returns: type[T]) -> Call[T]: ...
    @overload
    def event(self, name: str, returns: Any = Any) -> Call[Any]: ...
    def event(self, name: str, returns: Any = Any) -> Call[Any]:
        """Waits for an external event; its result is the event's data. Names are compared without regard to ASCII case.

        Events are kept until somebody waits, oldest first, so none is missed.
        """
        return Call(self._core, wire.Action_WaitEvent(wire.WaitEvent(0, wire.text(name))), _decoder(returns))

    def timeout(self, duration: Duration, item: Item[T]) -> Wait[T]:
        """Gives something so much time; raises `rondo.Elapsed` when that is over, and cancels what it still waits for.

        ::

            try:
                approved = await ctx.timeout(timedelta(days=3), ctx.event("approval", bool))
            except TimeoutError:
                approved = False
        """
        return Timeout((item, self.timer(duration)))

    def send_event(self, instance_id: str, name: str, data: object = None) -> None:
        """Raises an external event on another instance. One that does not exist, or has ended, ignores it."""
        action = wire.SendEvent(0, wire.text(instance_id), wire.text(name), payload.encode(data))
        self._core.number(wire.Action_SendEvent(action), None)

    def set_custom_status(self, status: object = None) -> None:
        """What status queries show until this is called again."""
        self._core.push(wire.Action_SetCustomStatus(payload.encode(status)))

    def continue_as_new(
        self, input: object = None, *, keep_events: bool = True, version: str | None = None
    ) -> NoReturn:
        """Ends this execution and begins the next one of the same instance, with an empty history.

        It leaves the orchestration at once, by an exception that `except Exception` does not catch. External events
        that nobody has taken are handed over unless `keep_events` is false; `version` is what the next execution sees.
        """
        version = None if version is None else wire.text(version)
        raise ContinueAsNew(wire.ContinueAsNew(payload.encode(input), version, keep_events))

    def log(self, level: Level, message: object) -> None:
        """A line for the host's log; not repeated when the history is replayed.

        `print` and the `logging` module come out as such lines as well.
        """
        self._core.push(wire.Action_Log(wire.Log(wire.LogLevel[level.upper()], wire.text(str(message)))))

    # Knowing things.

    def now(self) -> datetime:
        """The time of the current turn, in UTC. It stands still between two awaits."""
        return from_millis(self._core.now_ms)

    def random(self) -> float:
        """A random number from 0 up to, not including, 1, of a sequence that belongs to this execution."""
        return draws.unit(self._draw()[0])

    def random_below(self, end: int) -> int:
        """A random whole number from 0 up to, not including, `end`, which is at most 2^64."""
        return draws.below(self._draw()[0], end)

    def uuid(self) -> UUID:
        """A random UUID (version 4) that belongs to this execution, for example as an idempotency key."""
        return draws.uuid(*self._draw())

    @property
    def instance_id(self) -> str:
        """The instance this is an execution of; chosen by whoever started it."""
        return self._core.execution.instance_id

    @property
    def execution_id(self) -> str:
        """This execution: 32 hex digits, other ones after every continue-as-new."""
        return self._core.execution.execution_id

    @property
    def name(self) -> str:
        """The orchestration's name."""
        return self._core.execution.name

    @property
    def version(self) -> str | None:
        """The version text that the starter asked for."""
        return self._core.execution.version

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the instance, sorted by key."""
        return dict(self._core.execution.tags)

    @property
    def parent(self) -> Parent | None:
        """Who waits for the result; none for an orchestration that a client started."""
        return self._core.execution.parent

    def _draw(self) -> tuple[int, int]:
        index = self._core.drawn
        self._core.drawn += 1
        return draws.draw(self._core.execution.execution_id, index)

    def _timer(self, ms: int) -> Call[None]:
        action = wire.Action_CreateTimer(wire.CreateTimer(0, min(ms, MILLIS_MAX)))
        return Call(self._core, action, _nothing)

    def _callee(self, callee: Any, returns: Any, offered: Mapping[Any, Definition], unknown: str) -> tuple[str, Decode]:
        if isinstance(callee, str):
            return wire.text(callee), _decoder(returns)
        definition = offered.get(callee)
        if definition is None:
            name = getattr(callee, "__qualname__", None) or repr(callee)
            raise Failure(unknown, f"{name} is not registered with the rondo.App that is exported", non_retriable=True)
        return definition.name, definition.decode_output


def _nothing(_: str | None) -> None:
    return None


def _decoder(hint: Any) -> Decode:
    read = reader(hint)
    return lambda text: payload.decode(text, hint, read, kind.INVALID_OUTPUT)
