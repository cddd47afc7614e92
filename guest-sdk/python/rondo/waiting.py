"""What an orchestration can wait for, and how several of them are waited for at once.

Waits form a tree: an orchestration waits for a call or for a set of waits, and a member of a set may be a coroutine
that waits for something else. A result wakes its way up the tree; `poll` then comes down it from the root, to what was
woken only, in the order in which members were given. So one result among ten thousand costs one step, and decisions
never depend on chance.
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Generator
from types import CoroutineType, GeneratorType
from typing import Any, Generic, TypeVar, overload

from rondo.errors import Elapsed, canceled

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


class Wait(Generic[T]):
    """Something that will have a result: a call, or several things at once.

    In an `async def` it is awaited, in a generator it is yielded; both give its result or raise its failure. It may be
    awaited more than once.
    """

    __slots__ = ("_done", "_error", "_value", "_watchers")

    def __init__(self) -> None:
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None
        # Who wants to be woken, and as which of its members.
        self._watchers: list[tuple[_Watcher[Any], int]] = []

    @property
    def done(self) -> bool:
        """Whether there is a result."""
        if self._done:
            # Who sees that may go on because of it, and never look at the event.
            self._taken()
        return self._done

    def __await__(self) -> Generator[Wait[T], Any, T]:
        result: T = yield self
        return result

    def __iter__(self) -> Generator[Wait[T], Any, T]:
        # So that `yield from` works in generators as well.
        result: T = yield self
        return result

    def result(self) -> T:
        """Its result; raises its failure, or a `RuntimeError` when it has none yet."""
        if not self._done:
            raise RuntimeError("it has no result yet: await it")
        self._taken()
        if self._error is not None:
            raise self._error
        value: T = self._value
        return value

    def cancel(self) -> None:
        """Loses interest in it. Whatever it still waits for is canceled, and events that nobody has taken go back."""

    def _taken(self) -> None:
        """Is told when code gets the value."""

    def _poll(self) -> bool:
        """Moves it on as far as it can go now; whether it is done."""
        return self._done

    def _finish(self, value: Any, error: BaseException | None = None) -> None:
        self._done, self._value, self._error = True, value, error
        self._wake()

    def _wake(self) -> None:
        for watcher, index in self._watchers:
            watcher._woken(index)


class _Watcher(Wait[T]):
    """A wait that waits for other waits."""

    __slots__ = ()

    def _woken(self, index: int) -> None:
        raise NotImplementedError


class Flow(_Watcher[T]):
    """A coroutine or generator on its way."""

    __slots__ = ("_awaiting", "_code")

    def __init__(self, code: Coroutine[Any, Any, T] | Generator[Any, Any, T]) -> None:
        super().__init__()
        self._code = code
        self._awaiting: Wait[Any] | None = None

    def _woken(self, index: int) -> None:
        self._wake()

    def _poll(self) -> bool:
        awaiting = self._awaiting
        if self._done or (awaiting is not None and not awaiting._poll()):
            return self._done
        while True:
            try:
                if awaiting is not None:
                    awaiting._taken()
                if awaiting is None:
                    found = self._code.send(None)
                elif awaiting._error is not None:
                    found = self._code.throw(awaiting._error)
                else:
                    found = self._code.send(awaiting._value)
                awaiting = found if isinstance(found, Wait) else _yielded(found)
            except StopIteration as end:
                self._end(end.value)
                return True
            except BaseException as error:
                self._end(None, error)
                return True
            if not awaiting._poll():
                self._awaiting = awaiting
                awaiting._watchers.append((self, 0))
                return False

    def _end(self, value: Any, error: BaseException | None = None) -> None:
        self._awaiting = None
        self._finish(value, error)

    def cancel(self) -> None:
        """Ends it where it waits; its `finally` blocks run. What they await is not waited for."""
        if self._done:
            return
        self._done, self._error = True, canceled()
        if self._awaiting is not None:
            self._awaiting.cancel()
            self._awaiting = None
        try:
            self._code.close()
        except BaseException as error:
            # Nobody is left to hear of it, except whoever awaits this flow from elsewhere.
            self._error = error
        self._wake()


class _Failed(Wait[Any]):
    """Fails at once."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._finish(None, error)


def _yielded(found: object) -> Wait[Any]:
    """What code waits for that yields something else than a wait; that it may not is told where it is yielded."""
    try:
        return waitable(found)
    except TypeError as error:
        return _Failed(error)


def waitable(item: object) -> Wait[Any]:
    """The wait in anything that can be awaited in an orchestration.

    Raises `TypeError` for everything else, such as the futures of `asyncio`.
    """
    if isinstance(item, Wait):
        return item
    if isinstance(item, (CoroutineType, GeneratorType)):
        return Flow(item)
    if hasattr(item, "__await__"):
        return Flow(_through(item))
    raise TypeError(
        f"an orchestration cannot wait for {type(item).__name__}: await what ctx makes, and use rondo.gather, "
        "rondo.race and ctx.timeout instead of asyncio"
    )


async def _through(item: Any) -> Any:
    return await item


class _Several(_Watcher[T]):
    """A number of waits at once."""

    __slots__ = ("_holds", "_is_begun", "_members", "_open", "_ready")

    def __init__(self, items: tuple[object, ...]) -> None:
        super().__init__()
        self._members = [waitable(item) for item in items]
        self._is_begun = False
        # Members whose results are part of this one's, which nobody has taken.
        self._holds: list[Wait[Any]] = []
        # Who wants to be polled.
        self._ready = list(range(len(self._members)))
        # Who is not done, as far as this has noticed.
        self._open = set(self._ready)

    def _woken(self, index: int) -> None:
        self._ready.append(index)
        if len(self._ready) == 1:
            self._wake()

    def _poll(self) -> bool:
        is_first = not self._is_begun
        self._is_begun = True
        if not self._members and is_first:
            self._all_settled()
        while self._ready and not self._done:
            batch, self._ready = sorted(set(self._ready)), []
            for index in batch:
                member = self._members[index]
                if index not in self._open:
                    # It woke this by getting done while it was polled.
                    continue
                if not member._poll():
                    if is_first:
                        member._watchers.append((self, index))
                    continue
                self._open.remove(index)
                self._settled(index, member)
                if self._done:
                    break
                if not self._open:
                    self._all_settled()
            is_first = False
        return self._done

    def _settled(self, index: int, member: Wait[Any]) -> None:
        """Takes note of the result of one member."""

    def _all_settled(self) -> None:
        """Takes note that there are no more results to come."""

    def _end(
        self, value: Any, error: BaseException | None = None, *, of: Wait[Any] | None = None, cancel: bool = True
    ) -> None:
        """Ends, with the result of one member if there is one; the others are canceled."""
        for index, member in enumerate(self._members):
            if not member._done and (self, index) in member._watchers:
                member._watchers.remove((self, index))
            if cancel and member is not of:
                member.cancel()
        self._holds = [] if of is None else [of]
        self._finish(value, error)

    def cancel(self) -> None:
        """Cancels all that are not done, and those whose results nobody has taken."""
        if not self._done:
            self._end(None, canceled())
        held, self._holds = self._holds, []
        for member in held:
            member.cancel()

    def _taken(self) -> None:
        held, self._holds = self._holds, []
        for member in held:
            member._taken()


class _Gather(_Several[T]):
    __slots__ = ("_keeps_errors",)

    def __init__(self, items: tuple[object, ...], keeps_errors: bool) -> None:
        super().__init__(items)
        self._keeps_errors = keeps_errors

    def _settled(self, index: int, member: Wait[Any]) -> None:
        error = member._error
        if error is not None and not (self._keeps_errors and isinstance(error, Exception)):
            self._end(None, error, of=member)

    def _all_settled(self) -> None:
        self._holds = self._members
        self._finish([member._value if member._error is None else member._error for member in self._members])


class _Race(_Several[T]):
    __slots__ = ()

    def _settled(self, index: int, member: Wait[Any]) -> None:
        self._end((index, member._value), member._error, of=member)


class _WhenAny(_Several[T]):
    __slots__ = ()

    def _settled(self, index: int, member: Wait[Any]) -> None:
        # Who knows that a wait is done may go on because of that, and never look at its event.
        self._end(member, of=member, cancel=False)

    def cancel(self) -> None:
        """Cancels all, unless one is done."""
        if not self._done:
            super().cancel()


class Timeout(_Several[T]):
    """The first of two, of which the second is a timer."""

    __slots__ = ()

    def _settled(self, index: int, member: Wait[Any]) -> None:
        if index == 0:
            self._end(member._value, member._error, of=member)
        else:
            self._end(None, Elapsed())


Item = Awaitable[T] | Generator[Any, Any, T]
"""What can be waited for together with others: a call, a coroutine, a generator that yields calls."""


@overload
def gather(a: Item[A], /) -> Wait[tuple[A]]: ...
@overload
def gather(a: Item[A], b: Item[B], /) -> Wait[tuple[A, B]]: ...
@overload
def gather(a: Item[A], b: Item[B], c: Item[C], /) -> Wait[tuple[A, B, C]]: ...
@overload
def gather(a: Item[A], b: Item[B], c: Item[C], d: Item[D], /) -> Wait[tuple[A, B, C, D]]: ...
@overload
def gather(*items: Item[T]) -> Wait[list[T]]: ...
@overload
def gather(*items: Item[T], return_exceptions: bool) -> Wait[list[T | Exception]]: ...
def gather(*items: Any, return_exceptions: bool = False) -> Wait[Any]:
    """Waits for all; the result is the list of their results, in the order given.

    All of them begin at once, so that all that they call is scheduled in the same turn. The first failure is raised,
    and cancels what the others wait for; with `return_exceptions=True` all are waited for, and failures are in the
    list::

        sizes = await rondo.gather(*(ctx.activity(resize, image) for image in images))
    """
    return _Gather(items, return_exceptions)


def race(*items: Item[T]) -> Wait[tuple[int, T]]:
    """Waits for the first one and cancels what the others wait for; the result is its index and its result.

    Of several in the same turn, the one given first wins. Its failure is raised. To let the losers go on, use
    `when_any`. With nothing at all it never ends.
    """
    return _Race(items)


def when_all(items: list[Any]) -> Wait[list[Any]]:
    """The same as `gather` with a list, by the name that it has in Durable Task."""
    return _Gather(tuple(items), False)


def when_any(items: list[Any]) -> Wait[Wait[Any]]:
    """Waits for the first one; the result is that call itself, whose `result()` is there. The others go on::

    approval, late = ctx.event("approval"), ctx.timer(timedelta(days=3))
    if await rondo.when_any([approval, late]) is approval:
        late.cancel()
    """
    return _WhenAny(tuple(items))
