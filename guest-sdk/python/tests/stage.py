"""What the tests share: an app with one orchestration, and activities to call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rondo
from rondo.testing import Harness, Run


def app_of(orchestration: Callable[..., Any]) -> rondo.App:
    """An app around an orchestration that is called `it`."""
    app = rondo.App()
    app.orchestration(name="it")(orchestration)

    @app.activity
    async def double(ctx: rondo.ActivityContext, n: int) -> int:
        return 2 * n

    @app.activity
    async def fail(ctx: rondo.ActivityContext, kind: str) -> None:
        raise rondo.Failure(kind, "as asked")

    return app


def stage(orchestration: Callable[..., Any], **options: Any) -> Harness:
    """A harness around an orchestration that is called `it`."""
    return Harness(app_of(orchestration), **options)


def run(orchestration: Callable[..., Any], input: object = None) -> Run:
    """Runs it as it is."""
    return stage(orchestration).run("it", input)
