"""Times and durations: Python's on the outside, milliseconds on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

Duration = timedelta | int | float
"""A `timedelta`, or a number of seconds."""

MILLIS_MAX = 2**53 - 1
"""The largest time and the longest duration of the contract."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLI = timedelta(milliseconds=1)


def millis(duration: Duration) -> int:
    """Whole milliseconds; 0 for what is negative, the largest number when there are more."""
    ms = duration // _MILLI if isinstance(duration, timedelta) else round(min(duration * 1000, MILLIS_MAX))
    return min(max(ms, 0), MILLIS_MAX)


def from_millis(ms: int) -> datetime:
    """The moment so many milliseconds after the Unix epoch, in UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


def to_millis(moment: datetime) -> int:
    """Milliseconds since the Unix epoch; 0 for what is earlier.

    Raises `ValueError` for a moment without a time zone, which could mean anything.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: use ctx.now(), or a datetime with tzinfo")
    return max((moment - _EPOCH) // _MILLI, 0)
