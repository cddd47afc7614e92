"""What a component offers: functions by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_args, get_type_hints, overload

from rondo import exports, payload, shapes, wire
from rondo.errors import Failure, kind
from rondo.state import Decode

F = TypeVar("F", bound=Callable[..., Any])


class Definition:
    """A function that is offered under a name."""

    def __init__(self, function: Callable[..., Any], name: str | None, description: str | None) -> None:
        self.function = function
        self.name = function.__name__ if name is None else name
        self.description = description if description is not None else _first_sentence(function)
        self._input_hint: Any = None
        self._takes_input = False
        self._decode_input: Decode = lambda _: None
        self.decode_output: Decode = lambda _: None

    def prepare(self) -> None:
        """Reads the type hints: once, at build time, when all the classes that they name are there."""
        hints = get_type_hints(self.function)
        parameters = list(inspect.signature(self.function).parameters.values())
        if not 1 <= len(parameters) <= 2:
            raise TypeError(f"{self.name} must take a context and, if it has one, its input")
        self._takes_input = len(parameters) == 2
        if self._takes_input:
            hint = hints.get(parameters[1].name, Any)
            read = shapes.reader(hint)
            self._decode_input = lambda text: payload.decode(text, hint, read, kind.INVALID_INPUT)
        output = hints.get("return", Any)
        if inspect.isgeneratorfunction(self.function):
            # Generator[what it yields, what it is sent, what it returns]
            output = (*get_args(output), Any, Any, Any)[2] if len(get_args(output)) == 3 else Any
        read_output = shapes.reader(output)
        self.decode_output = lambda text: payload.decode(text, output, read_output, kind.INVALID_OUTPUT)

    def arguments(self, ctx: Any, input: str | None) -> tuple[Any, ...]:
        """What the function is called with. Raises a `Failure` for an input that does not fit."""
        return (ctx, self._decode_input(input)) if self._takes_input else (ctx,)

    def call(self, ctx: Any, input: str | None) -> Any:
        """Calls it."""
        return self.function(*self.arguments(ctx, input))


class Catalog:
    """Definitions, by their functions."""

    def __init__(self) -> None:
        self.orchestrations: dict[Callable[..., Any], Definition] = {}
        self.activities: dict[Callable[..., Any], Definition] = {}

    def orchestration(self, name: str) -> Definition:
        """The one of that name."""
        return _find(self.orchestrations, name, kind.ORCHESTRATION_NOT_FOUND)

    def activity(self, name: str) -> Definition:
        """The one of that name."""
        return _find(self.activities, name, kind.ACTIVITY_NOT_FOUND)


class App:
    """The orchestrations and activities of a component. One that is made of others offers what they offer::

    app = rondo.App()

    @app.orchestration
    async def greet_all(ctx: rondo.Context, names: list[str]) -> list[str]:
        return await rondo.gather(*(ctx.activity(greet, name) for name in names))

    @app.activity
    def greet(ctx: rondo.ActivityContext, name: str) -> str:
        return f"Hello, {name}!"

    Orchestrator, Activity = app.export()
    """

    def __init__(self, *parts: App) -> None:
        self.catalog = Catalog()
        for part in parts:
            for definition in part.catalog.orchestrations.values():
                _add(self.catalog.orchestrations, definition)
            for definition in part.catalog.activities.values():
                _add(self.catalog.activities, definition)

    @overload
    def orchestration(self, function: F, /) -> F: ...
    @overload
    def orchestration(self, /, *, name: str | None = None, description: str | None = None) -> Callable[[F], F]: ...
    def orchestration(self, function: Any = None, /, *, name: str | None = None, description: str | None = None) -> Any:
        """Offers a function as an orchestration: an `async def`, or a generator that yields what it waits for.

        It takes a `Context` and, if it has one, its input. The name is the function's and the description the first
        line of its documentation, unless others are given.
        """
        return _decorator(self.catalog.orchestrations, function, name, description)

    @overload
    def activity(self, function: F, /) -> F: ...
    @overload
    def activity(self, /, *, name: str | None = None, description: str | None = None) -> Callable[[F], F]: ...
    def activity(self, function: Any = None, /, *, name: str | None = None, description: str | None = None) -> Any:
        """Offers a function, `def` or `async def`, as an activity.

        It takes an `ActivityContext` and, if it has one, its input.
        """
        return _decorator(self.catalog.activities, function, name, description)

    def prepare(self) -> Catalog:
        """Reads all type hints. `export` and the test harness do it."""
        for offered in (self.catalog.orchestrations, self.catalog.activities):
            for definition in offered.values():
                definition.prepare()
        shapes.prepare()
        return self.catalog

    def export(self) -> tuple[type, type]:
        """The two classes that the component exports; the entry module calls them `Orchestrator` and `Activity`."""
        return exports.classes(self.prepare())


def _decorator(
    offered: dict[Callable[..., Any], Definition], function: Any, name: str | None, description: str | None
) -> Any:
    def register(function: F) -> F:
        _add(offered, Definition(function, name, description))
        return function

    return register if function is None else register(function)


def _add(offered: dict[Callable[..., Any], Definition], definition: Definition) -> None:
    if any(known.name == definition.name for known in offered.values()):
        raise ValueError(f"there are two functions named {definition.name!r}")
    offered[definition.function] = definition


def _find(offered: dict[Callable[..., Any], Definition], name: str, unknown: str) -> Definition:
    for definition in offered.values():
        if definition.name == name:
            return definition
    raise Failure(unknown, f"this component has no {wire.text(name)!r}", non_retriable=True)


def _first_sentence(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]
