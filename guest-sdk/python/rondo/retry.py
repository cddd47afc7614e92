"""Retries that the host carries out by itself."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from rondo import wire
from rondo.moments import Duration, millis

_ATTEMPTS_MAX = 2**32 - 1


@dataclass(frozen=True)
class Retry:
    """When a failed activity or child is tried again.

    The host does it: the orchestration hears only of the last outcome, and its history stays short.
    Attempt n+1 begins `first_interval * backoff ** (n - 1)`, at most `max_interval`, after attempt n failed::

        patient = Retry(8, backoff=2.0, max_interval=timedelta(minutes=1), unless=["card-declined"])
    """

    attempts: int
    """So many in all. Less than 1 counts as 1, which means no retry."""
    first_interval: Duration = timedelta(seconds=1)
    """How long to wait after the first failure."""
    backoff: float = 1.0
    """By what each wait is longer than the one before. Values below 1 and infinities count as 1."""
    max_interval: Duration | None = None
    """No wait is longer than this."""
    timeout: Duration | None = None
    """No attempt begins later than this after the first one was scheduled."""
    unless: Iterable[str] = ()
    """Failures of these kinds are final."""

    def policy(self) -> wire.RetryPolicy:
        """The same in the words of the contract."""
        return wire.RetryPolicy(
            max_attempts=min(max(int(self.attempts), 1), _ATTEMPTS_MAX),
            first_interval=millis(self.first_interval),
            backoff_coefficient=max(float(self.backoff), 1.0) if math.isfinite(self.backoff) else 1.0,
            max_interval=None if self.max_interval is None else millis(self.max_interval),
            retry_timeout=None if self.timeout is None else millis(self.timeout),
            non_retriable_kinds=[wire.text(kind) for kind in self.unless],
        )
