"""Python's own clock, chance and output inside an orchestration: they replay the same, or say what to use instead.

A component is a snapshot of an interpreter that has imported everything. So whatever was drawn while it was built, the
state of `random` above all, is the same in every guest until something here changes it.
"""

from __future__ import annotations

import builtins
import hashlib
import io
import linecache
import logging
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from rondo import wire
from rondo.state import Core

_REAL_TIME = {name: getattr(time, name) for name in ("gmtime", "localtime", "ctime", "strftime", "asctime")}


def prepare() -> None:
    """At build time, after everything is imported."""
    _replace(linecache, "updatecache", lambda *_: [])
    _replace(linecache, "checkcache", lambda *_: None)


def orchestrate(core: Core) -> None:
    """Before an orchestration's first turn."""
    _no_late_imports()
    random.seed(int(core.execution.execution_id, 16))
    entropy = _Entropy(core.execution).read
    _replace(os, "urandom", entropy)
    _replace(random, "_urandom", entropy)
    _set_clock(core)
    _set_output(core)
    _replace(builtins, "open", _refuse("read and write files in an activity: an orchestration has none"))
    _replace(
        builtins, "input", _refuse("an orchestration has no input but its own: wait for an event with ctx.event()")
    )
    _replace_asyncio()


def work() -> None:
    """Before an activity."""
    _no_late_imports()
    # What was drawn while the component was built is no chance any more.
    random.seed()


class _Entropy:
    """The bytes of `os.urandom`: a stream that belongs to the execution, apart from the one of the context."""

    def __init__(self, execution: wire.Execution) -> None:
        self._key = f"{execution.execution_id}/{execution.instance_id}".encode("utf-8", "replace")
        self._block = 0

    def read(self, size: int) -> bytes:
        drawn = bytearray()
        while len(drawn) < size:
            drawn += hashlib.sha256(self._key + self._block.to_bytes(8, "big")).digest()
            self._block += 1
        return bytes(drawn[:size])


def _set_clock(core: Core) -> None:
    for name in ("time", "monotonic", "perf_counter"):
        _replace(time, name, lambda: core.now_ms / 1_000)
        _replace(time, f"{name}_ns", lambda: core.now_ms * 1_000_000)
    for name in ("process_time", "thread_time"):
        _replace(time, name, lambda: 0.0)
        _replace(time, f"{name}_ns", lambda: 0)

    def or_now(real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda secs=None: real(core.now_ms / 1_000 if secs is None else secs)

    for name in ("gmtime", "localtime", "ctime"):
        _replace(time, name, or_now(_REAL_TIME[name]))
    real_strftime, real_asctime = _REAL_TIME["strftime"], _REAL_TIME["asctime"]
    _replace(time, "strftime", lambda form, moment=None: real_strftime(form, moment or time.gmtime()))
    _replace(time, "asctime", lambda moment=None: real_asctime(moment or time.gmtime()))
    _replace(time, "sleep", _refuse("an orchestration cannot sleep: await ctx.timer(seconds)"))


class _Lines(io.TextIOBase):
    """Standard output and standard error as log lines."""

    def __init__(self, core: Core, level: wire.LogLevel) -> None:
        self._core = core
        self._level = level
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._log(line)
        return len(text)

    def flush_rest(self) -> None:
        if self._rest:
            self._log(self._rest)
            self._rest = ""

    def _log(self, line: str) -> None:
        self._core.push(wire.Action_Log(wire.Log(self._level, wire.text(line))))


class _Records(logging.Handler):
    """The `logging` module's records as log lines."""

    def __init__(self, core: Core) -> None:
        super().__init__()
        self._core = core

    def emit(self, record: logging.LogRecord) -> None:
        level = next((level for least, level in _LEVELS if record.levelno >= least), wire.LogLevel.TRACE)
        self._core.push(wire.Action_Log(wire.Log(level, wire.text(self.format(record)))))


_LEVELS = (
    (logging.ERROR, wire.LogLevel.ERROR),
    (logging.WARNING, wire.LogLevel.WARN),
    (logging.INFO, wire.LogLevel.INFO),
    (logging.DEBUG, wire.LogLevel.DEBUG),
)


def _set_output(core: Core) -> None:
    out, err = _Lines(core, wire.LogLevel.INFO), _Lines(core, wire.LogLevel.WARN)
    sys.stdout, sys.stderr = out, err

    def flush() -> None:
        out.flush_rest()
        err.flush_rest()

    core.flush = flush
    root = logging.root
    if not root.handlers and root.level == logging.WARNING:
        # Nobody has set it up: everything that is not for debugging goes to the host, which filters by itself.
        root.setLevel(logging.INFO)
    root.handlers[:] = [_Records(core)]


class _NoLateImports:
    """Says what is wrong with an import within a function."""

    def find_spec(self, name: str, *_: object) -> NoReturn:
        raise ModuleNotFoundError(
            f"{name} was not imported when the component was built: import it at the top of a module", name=name
        )


def _no_late_imports() -> None:
    """A component has no files to import from. Modules that it has imported are found before finders are asked."""
    sys.meta_path[:] = [_NoLateImports()]


def _replace_asyncio() -> None:
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        for name, instead in (
            ("sleep", "ctx.timer"),
            ("gather", "rondo.gather"),
            ("wait", "rondo.when_any"),
            ("wait_for", "ctx.timeout"),
            ("timeout", "ctx.timeout"),
            ("create_task", "rondo.gather"),
            ("run", "await"),
        ):
            _replace(asyncio, name, _refuse(f"an orchestration has no event loop of asyncio: use {instead}"))


def _refuse(message: str) -> Callable[..., NoReturn]:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise RuntimeError(message)

    return refuse


def _replace(module: Any, name: str, function: Callable[..., Any]) -> None:
    setattr(module, name, function)
