"""Values on their way through the host: compact JSON text, none for `None`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from rondo.errors import Failure, kind
from rondo.moments import to_millis
from rondo.shapes import Reader, name_of


def encode(value: object) -> str | None:
    """The JSON text of a value; none for `None`.

    Raises a `Failure` of kind `not-serializable` for what has no JSON form.
    """
    if value is None:
        return None
    try:
        text = _encode(value)
        if not text.isascii():
            text.encode()  # Half a surrogate pair has no UTF-8 form.
    except (TypeError, ValueError, RecursionError) as error:
        raise Failure(kind.NOT_SERIALIZABLE, str(error), non_retriable=True) from error
    return None if text == "null" else text


def decode(payload: str | None, hint: object, read: Reader | None, unfit: str) -> Any:
    """The value of a JSON text, in the shape that `read` was made for from `hint`.

    Raises a `Failure` of kind `unfit` for a text that is no JSON or does not fit.
    """
    try:
        value = None if payload is None else _decode(payload)
        return value if read is None else read(value)
    except Exception as error:
        raise Failure(unfit, f"expected {name_of(hint)}: {error}", non_retriable=True) from error


def _plain(value: object) -> object:
    """What JSON can say of a value that it has no word for."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return to_millis(value)
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (set, frozenset)):
        raise TypeError("a set has no JSON form: its order differs between builds; sort it into a list")
    raise TypeError(f"a value of type {type(value).__name__} has no JSON form")


_encode: Callable[[object], str] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain
).encode


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


_decode: Callable[[str], Any] = json.JSONDecoder(parse_constant=_no_constant).decode
