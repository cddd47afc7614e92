"""Actions and events as lines of text."""

from __future__ import annotations

from typing import Any

from rondo import wire


def action(action: Any, start_ms: int) -> str:
    """One line. Times are shown as the distance from `start_ms`."""
    value = action.value
    match action:
        case wire.Action_ScheduleActivity():
            return f"activity {value.task} {value.name}{_json(value.input)}"
        case wire.Action_CreateTimer():
            return f"timer {value.task} at {max(value.fire_at - start_ms, 0)}ms"
        case wire.Action_StartChild():
            named = "" if value.instance_id is None else f" as {value.instance_id}"
            detached = " detached" if value.detached else ""
            return f"child {value.task} {value.name}{named}{detached}{_json(value.input)}"
        case wire.Action_WaitEvent():
            return f"wait {value.task} {value.name}"
        case wire.Action_SendEvent():
            return f"send {value.task} {value.name} to {value.instance_id}{_json(value.data)}"
        case wire.Action_Cancel():
            return f"cancel {value}"
        case wire.Action_SetCustomStatus():
            return f"status{_json(value)}"
        case wire.Action_Log():
            return f"log {value.level.name.lower()} {value.message}"
        case wire.Action_ContinueAsNew():
            return f"continue as new{'' if value.keep_events else ' dropping events'}{_json(value.input)}"
        case wire.Action_Complete():
            return f"complete{_json(value)}"
        case _:
            return f"fail {_failure(value)}"


def event(event: Any) -> str:
    """One line."""
    value = event.value
    match event:
        case wire.Event_ActivityCompleted() | wire.Event_ChildCompleted():
            return f"completed {value.task}{_json(value.output)}"
        case wire.Event_ActivityFailed() | wire.Event_ChildFailed():
            return f"failed {value.task} {_failure(value.failure)}"
        case wire.Event_EventRaised():
            return f"raised {value.task}{_json(value.output)}"
        case _:
            return f"fired {value}"


def _failure(failure: wire.Failure) -> str:
    return f"{failure.kind}: {failure.message}"


def _json(payload: str | None) -> str:
    return "" if payload is None else f" {payload}"
