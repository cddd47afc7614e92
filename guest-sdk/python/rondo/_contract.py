"""The vocabulary of `wit/types.wit` in plain Python, for tests that run without WebAssembly.

Inside a component, componentize-py generates the same classes; `rondo.wire` picks the right ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Err(Exception, Generic[T]):
    """The failure side of a `result`."""

    def __init__(self, value: T) -> None:
        super().__init__(value)
        self.value = value


@dataclass
class Failure:
    kind: str
    message: str
    details: str | None
    non_retriable: bool


@dataclass
class Parent:
    instance_id: str
    execution_id: str
    name: str


@dataclass
class Execution:
    instance_id: str
    execution_id: str
    name: str
    version: str | None
    input: str | None
    tags: list[tuple[str, str]]
    parent: Parent | None


@dataclass
class RetryPolicy:
    max_attempts: int
    first_interval: int
    backoff_coefficient: float
    max_interval: int | None
    retry_timeout: int | None
    non_retriable_kinds: list[str]


@dataclass
class Definition:
    name: str
    description: str


class LogLevel(Enum):
    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4


@dataclass
class TaskCompleted:
    task: int
    output: str | None


@dataclass
class TaskFailed:
    task: int
    failure: Failure


@dataclass
class Event_ActivityCompleted:
    value: TaskCompleted


@dataclass
class Event_ActivityFailed:
    value: TaskFailed


@dataclass
class Event_TimerFired:
    value: int


@dataclass
class Event_ChildCompleted:
    value: TaskCompleted


@dataclass
class Event_ChildFailed:
    value: TaskFailed


@dataclass
class Event_EventRaised:
    value: TaskCompleted


@dataclass
class Turn:
    now: int
    events: list[Event]


@dataclass
class ScheduleActivity:
    task: int
    name: str
    input: str | None
    retry: RetryPolicy | None


@dataclass
class CreateTimer:
    task: int
    fire_at: int


@dataclass
class StartChild:
    task: int
    name: str
    instance_id: str | None
    version: str | None
    input: str | None
    tags: list[tuple[str, str]]
    retry: RetryPolicy | None
    detached: bool


@dataclass
class WaitEvent:
    task: int
    name: str


@dataclass
class SendEvent:
    task: int
    instance_id: str
    name: str
    data: str | None


@dataclass
class Log:
    level: LogLevel
    message: str


@dataclass
class ContinueAsNew:
    input: str | None
    version: str | None
    keep_events: bool


@dataclass
class Action_ScheduleActivity:
    value: ScheduleActivity


@dataclass
class Action_CreateTimer:
    value: CreateTimer


@dataclass
class Action_StartChild:
    value: StartChild


@dataclass
class Action_WaitEvent:
    value: WaitEvent


@dataclass
class Action_SendEvent:
    value: SendEvent


@dataclass
class Action_Cancel:
    value: int


@dataclass
class Action_SetCustomStatus:
    value: str | None


@dataclass
class Action_Log:
    value: Log


@dataclass
class Action_ContinueAsNew:
    value: ContinueAsNew


@dataclass
class Action_Complete:
    value: str | None


@dataclass
class Action_Fail:
    value: Failure


@dataclass
class ActivityContext:
    instance_id: str
    execution_id: str
    task: int
    attempt: int


Event = (
    Event_ActivityCompleted
    | Event_ActivityFailed
    | Event_TimerFired
    | Event_ChildCompleted
    | Event_ChildFailed
    | Event_EventRaised
)

Action = (
    Action_ScheduleActivity
    | Action_CreateTimer
    | Action_StartChild
    | Action_WaitEvent
    | Action_SendEvent
    | Action_Cancel
    | Action_SetCustomStatus
    | Action_Log
    | Action_ContinueAsNew
    | Action_Complete
    | Action_Fail
)
