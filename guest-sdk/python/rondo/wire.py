"""The contract's classes: generated ones inside a component, our own elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rondo._contract import *  # noqa: F403
    from rondo._contract import Err as Err
else:
    try:
        from componentize_py_types import Err  # noqa: F401
        from wit_world.imports.types import *  # noqa: F403
    except ImportError:
        from rondo._contract import *  # noqa: F403


def text(value: str) -> str:
    """A text that the host can read: half a surrogate pair has no UTF-8 form, and would trap on its way out."""
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode("utf-8")
