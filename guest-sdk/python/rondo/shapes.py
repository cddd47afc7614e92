"""From what JSON can say to what type hints promise."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from rondo.moments import from_millis

Reader = Callable[[Any], Any]
"""Makes a value of a certain shape from decoded JSON, or raises a `ValueError` that says what is wrong."""


def reader(hint: object) -> Reader | None:
    """What reads values that a hint describes; none when they can be taken as they are.

    Hints that are not known, such as `TypeVar`s and classes of the user's that are no dataclasses, are not checked.
    """
    try:
        return _reader(hint)
    except TypeError:  # A hint that cannot be hashed is none that we know.
        return None


def prepare() -> None:
    """Reads the hints of all classes that readers were made for, so that it need not be done in every guest."""
    while _unread:
        _unread.pop()()


def name_of(hint: object) -> str:
    """The hint as people write it."""
    if hint is None or hint is type(None):
        return "None"
    if isinstance(hint, type) and not get_args(hint):
        return hint.__name__
    if hint is Any:
        return "JSON"
    return str(hint).replace("typing.", "")


_unread: list[Callable[[], None]] = []
"""What is left to do for classes whose hints may name classes that are defined further down, or the class itself."""


@cache
def _reader(hint: Any) -> Reader | None:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is typing.Annotated:
        return reader(arguments[0])
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is Literal:
        return _one_of(arguments)
    if hint is None or hint is type(None):
        return _none
    if hint in _SCALARS:
        return _SCALARS[hint]
    shape = origin or hint
    if shape is tuple:
        return _tuple(arguments)
    if not isinstance(shape, type):
        return None
    if shape in (list, Sequence, Iterable):
        return _list(list, *arguments)
    if shape in (set, frozenset):
        return _list(shape, *arguments)
    if shape in (dict, Mapping):
        return _dict(*arguments)
    if issubclass(shape, Enum):
        return _scalar(shape, object, shape)
    if typing.is_typeddict(shape):
        return _typed_dict(shape)
    if is_dataclass(shape):
        return _dataclass(shape)
    return None


def _wrong(value: object) -> ValueError:
    shown = repr(value)
    return ValueError(f"{shown if len(shown) <= 80 else shown[:77] + '...'} does not fit")


def _scalar(make: Callable[[Any], Any] | None, *accepted: type) -> Reader:
    def read(value: Any) -> Any:
        # JSON's booleans are no numbers, as Python's are.
        if not isinstance(value, accepted) or (
            isinstance(value, bool) and bool not in accepted and object not in accepted
        ):
            raise _wrong(value)
        return value if make is None else make(value)

    return read


_SCALARS: dict[Any, Reader] = {
    bool: _scalar(None, bool),
    int: _scalar(None, int),
    float: _scalar(float, int, float),
    str: _scalar(None, str),
    datetime: _scalar(from_millis, int),
    timedelta: _scalar(lambda ms: timedelta(milliseconds=ms), int),
    UUID: _scalar(UUID, str),
}


def _none(value: Any) -> None:
    if value is not None:
        raise _wrong(value)


def _union(members: tuple[Any, ...]) -> Reader | None:
    readers = [reader(member) for member in members]
    if None in readers:
        return None

    def read(value: Any) -> Any:
        reasons = []
        for member in readers:
            try:
                return member(value) if member else value
            except ValueError as error:
                reasons.append(str(error))
        raise ValueError(reasons[0] if len(set(reasons)) == 1 else str(_wrong(value)))

    return read


def _one_of(literals: tuple[Any, ...]) -> Reader:
    def read(value: Any) -> Any:
        for literal in literals:
            if literal == value and type(literal) is type(value):
                return value
        raise _wrong(value)

    return read


def _list(make: Callable[[list[Any]], Any], item: Any = Any) -> Reader:
    each = reader(item)

    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise _wrong(value)
        items = value if each is None else [_at(f"[{index}]", each, item) for index, item in enumerate(value)]
        return items if make is list else make(items)

    return read


def _tuple(arguments: tuple[Any, ...]) -> Reader:
    if not arguments or arguments[-1] is Ellipsis:
        return _list(tuple, *arguments[:1])
    each = [reader(argument) for argument in arguments]

    def read(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(each):
            raise _wrong(value)
        return tuple(_at(f"[{at}]", one, item) for at, (one, item) in enumerate(zip(each, value, strict=True)))

    return read


def _dict(key: Any = str, item: Any = Any) -> Reader:
    each = reader(item)
    # JSON's keys are texts; whole numbers come back as what they were.
    make = int if key is int else (reader(key) or (lambda text: text))

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _wrong(value)
        return {make(name): _at(f".{name}", each, item) for name, item in value.items()}

    return read


def _typed_dict(shape: Any) -> Reader:
    each = {name: reader(hint) for name, hint in get_type_hints(shape).items()}
    required = sorted(shape.__required_keys__)

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _wrong(value)
        for name in required:
            if name not in value:
                raise ValueError(f"{name!r} is missing")
        return {name: _at(f".{name}", each.get(name), item) for name, item in value.items()}

    return read


def _dataclass(shape: Any) -> Reader:
    slots: list[tuple[str, Reader | None, bool]] = []
    is_read = False

    def fill() -> None:
        nonlocal is_read
        if not is_read:
            is_read = True
            hints = get_type_hints(shape)
            for field in fields(shape):
                if field.init:
                    has_default = field.default is not MISSING or field.default_factory is not MISSING
                    slots.append((field.name, reader(hints[field.name]), has_default))

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _wrong(value)
        fill()
        arguments = {}
        for name, each, has_default in slots:
            if name in value:
                arguments[name] = _at(f".{name}", each, value[name])
            elif not has_default:
                raise ValueError(f"{name!r} is missing")
        return shape(**arguments)

    _unread.append(fill)
    return read


def _at(place: str, read: Reader | None, value: Any) -> Any:
    if read is None:
        return value
    try:
        return read(value)
    except ValueError as error:
        reason = str(error)
        raise ValueError(f"{place}{reason}" if reason[:1] in (".", "[") else f"{place}: {reason}") from None
