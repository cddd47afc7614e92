"""Why something failed."""

from __future__ import annotations

from types import TracebackType

from rondo import wire


class kind:
    """The failure kinds that this SDK produces. The host has more, see its documentation."""

    ERROR = "error"
    """Any exception without a kind of its own."""
    INVALID_INPUT = "invalid-input"
    """The input is not what the orchestration or the activity expects."""
    INVALID_OUTPUT = "invalid-output"
    """A result, or the data of an event, is not what the caller expects."""
    NOT_SERIALIZABLE = "not-serializable"
    """A value has no JSON form."""
    TIMEOUT = "timeout"
    """`ctx.timeout` ran out."""
    CANCELED = "canceled"
    """Something was awaited after it had been canceled."""
    ORCHESTRATION_NOT_FOUND = "orchestration-not-found"
    """The component has no orchestration of that name."""
    ACTIVITY_NOT_FOUND = "activity-not-found"
    """The component has no activity of that name."""
    STALLED = "stalled"
    """The code awaits something that nothing will ever complete."""


class Failure(Exception):
    """What a caller branches on (`kind`), what a person reads (`message`), and anything else (`details`).

    Raise it in an orchestration or an activity; catch it around what you await::

        try:
            payment = await ctx.activity(charge, order)
        except rondo.Failure as failure:
            if failure.kind != "card-declined":
                raise

    Any other exception that leaves an orchestration or an activity becomes a failure of kind `error`: its text is the
    message, its traceback the details.
    """

    def __init__(self, kind: str, message: str, details: str | None = None, non_retriable: bool = False) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message
        self.details = details
        self.non_retriable = non_retriable

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class Elapsed(Failure, TimeoutError):
    """The time that `ctx.timeout` gave was over. Also a `TimeoutError`; as a failure its kind is `timeout`."""

    def __init__(self) -> None:
        super().__init__(kind.TIMEOUT, "the time was over before it was done")


class ContinueAsNew(BaseException):
    """On its way out of an orchestration into its next execution; `except Exception` lets it pass."""

    def __init__(self, action: wire.ContinueAsNew) -> None:
        super().__init__("the execution continues as new")
        self.action = action


def canceled() -> Failure:
    """What whoever still awaits something hears after it was canceled."""
    return Failure(kind.CANCELED, "it was canceled", non_retriable=True)


def from_wire(failure: wire.Failure) -> Failure:
    """The exception that stands for a failure in what the host tells."""
    return Failure(failure.kind, failure.message, failure.details, failure.non_retriable)


def to_wire(error: BaseException) -> wire.Failure:
    """The failure that stands for an exception in what the host is told. Never raises."""
    if isinstance(error, Failure):
        details = None if error.details is None else _text(error.details)
        return wire.Failure(_text(error.kind), _text(error.message), details, bool(error.non_retriable))
    return wire.Failure(kind.ERROR, _text(error) or type(error).__name__, _text(traceback_of(error)), False)


def traceback_of(error: BaseException) -> str:
    """What was called when an exception was raised, most recent call last, as Python prints it.

    The lines of the source are left out: reading them needs files, which are not there any more.
    """
    lines: list[str] = []
    link, seen = error, set[int]()
    chain: list[tuple[BaseException, str]] = []
    while id(link) not in seen:
        seen.add(id(link))
        if link.__cause__ is not None:
            chain.append((link, "The above exception was the direct cause of the following exception:"))
            link = link.__cause__
        elif link.__context__ is not None and not link.__suppress_context__:
            chain.append((link, "During handling of the above exception, another exception occurred:"))
            link = link.__context__
        else:
            break
    lines += _one(link)
    for later, because in reversed(chain):
        if later is not link:
            lines += ["", because, "", *_one(later)]
    return "\n".join(lines)


def _one(error: BaseException) -> list[str]:
    frames = _frames(error.__traceback__)
    head = ["Traceback (most recent call last):"] if frames else []
    name, message = type(error).__name__, _text(error)
    return [*head, *frames, f"{name}: {message}" if message else name]


_FRAMES_MAX = 64
"""So deep a recursion is told by its beginning and its end."""


def _frames(traceback: TracebackType | None) -> list[str]:
    frames: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not str(traceback.tb_frame.f_globals.get("__name__", "")).startswith("rondo."):
            frames.append(f'  File "{_file(code.co_filename)}", line {traceback.tb_lineno}, in {code.co_name}')
        traceback = traceback.tb_next
    if len(frames) > _FRAMES_MAX:
        half = _FRAMES_MAX // 2
        frames[half:-half] = [f"  … {len(frames) - 2 * half} more"]
    return frames


def _file(name: str) -> str:
    """Without the folder where the build has put it: `/0/app.py`, `/1/shop/stock.py`."""
    mount, _, rest = name.removeprefix("/").partition("/")
    return rest if name.startswith("/") and mount.isdecimal() and rest else name


def _text(value: object) -> str:
    try:
        return wire.text(str(value))
    except Exception:  # A `__str__` of the user's, which must not hide what has happened.
        return ""
