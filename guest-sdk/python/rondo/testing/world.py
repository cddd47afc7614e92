"""A host in memory, with a clock that only moves when nothing else can."""

from __future__ import annotations

import hashlib
import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rondo import activity, errors, payload, wire
from rondo.application import Catalog
from rondo.errors import Failure, kind
from rondo.guest import Guest
from rondo.testing import text

Double = Callable[[Any], Any]
"""Stands in for an activity or a child: from its decoded input to its result, or raising its failure."""

Outcome = str | wire.Failure | None

_TURNS_MAX = 10_000
"""More than any test needs; what takes more never ends."""


@dataclass(frozen=True)
class Raised:
    """An external event, and how many were raised before it."""

    order: int
    name: str
    data: str | None


@dataclass(eq=False)
class Instance:
    """An orchestration on its way."""

    execution: wire.Execution
    watcher: Task | None
    generation: int = 0
    guest: Guest | None = None
    turns: list[wire.Turn] = field(default_factory=list)
    decided: list[list[wire.Action]] = field(default_factory=list)
    inbox: list[wire.Event] = field(default_factory=list)
    buffered: list[Raised] = field(default_factory=list)
    taken: dict[int, Raised] = field(default_factory=dict)
    raised: int = 0
    waits: dict[int, str] = field(default_factory=dict)
    canceled: set[int] = field(default_factory=set)
    custom_status: Any = None
    has_ended: bool = False
    outcome: Outcome = None


@dataclass(eq=False)
class Task:
    """Something that an execution waits for, and that may be tried again."""

    instance: Instance
    generation: int
    action: Any
    first_ms: int
    attempt: int = 1


class World:
    """All instances of a test."""

    def __init__(self, catalog: Catalog, start_ms: int) -> None:
        self.catalog = catalog
        self.start_ms = self.now_ms = start_ms
        self.log: list[str] = []
        self.activities: dict[str, Double] = {}
        self.children: dict[str, Double] = {}
        self._instances: dict[str, Instance] = {}
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._ready: deque[Instance] = deque()
        self._count = 0

    def at(self, after_ms: int, happen: Callable[[], None]) -> None:
        """Lets something happen so long from now."""
        self._count += 1
        heapq.heappush(self._agenda, (self.now_ms + after_ms, self._count, happen))

    def drive(self, first: Instance) -> None:
        """Goes on until the first instance has ended."""
        turns = 0
        while not first.has_ended:
            while self._agenda and self._agenda[0][0] <= self.now_ms:
                heapq.heappop(self._agenda)[2]()
            if self._ready:
                turns += 1
                if turns > _TURNS_MAX:
                    raise self._wrong("it never ends")
                self._turn(self._ready.popleft())
            elif first.has_ended:
                break
            elif self._agenda:
                self.now_ms = self._agenda[0][0]
            else:
                raise self._wrong("it waits for something that the test does not provide")

    def begin(
        self,
        instance_id: str,
        name: str,
        input: str | None,
        version: str | None,
        tags: list[tuple[str, str]],
        watcher: Task | None,
    ) -> Instance:
        """Starts an instance, whose first turn comes later."""
        parent = None
        if watcher is not None:
            by = watcher.instance.execution
            parent = wire.Parent(by.instance_id, by.execution_id, by.name)
        execution = wire.Execution(instance_id, _execution_id(instance_id, 0), name, version, input, tags, parent)
        instance = self._instances[instance_id] = Instance(execution, watcher)
        self._start(instance)
        return instance

    def raise_event(self, instance_id: str, name: str, data: str | None) -> None:
        """Gives an event to the oldest wait for it, or keeps it."""
        instance = self._instances.get(instance_id)
        if instance is not None and not instance.has_ended:
            instance.buffered.append(Raised(instance.raised, name, data))
            instance.raised += 1
            self._match_events(instance)

    def _match_events(self, instance: Instance) -> None:
        for event in list(instance.buffered):
            name = event.name.lower()
            task = next((task for task, waited in instance.waits.items() if waited.lower() == name), None)
            if task is not None:
                instance.buffered.remove(event)
                del instance.waits[task]
                instance.taken[task] = event
                self._tell(instance, wire.Event_EventRaised(wire.TaskCompleted(task, event.data)))

    def _start(self, instance: Instance) -> None:
        try:
            instance.guest = Guest(self.catalog, instance.execution)
        except Failure as failure:
            self._end(instance, errors.to_wire(failure))
        else:
            self._ready.append(instance)

    def _give_back(self, instance: Instance, task: int) -> None:
        """Puts the event of a wait that was canceled into its place among the others."""
        event = instance.taken.pop(task, None)
        if event is not None:
            instance.buffered = sorted([*instance.buffered, event], key=lambda raised: raised.order)
            self._match_events(instance)

    def _tell(self, instance: Instance, event: Any) -> None:
        instance.inbox.append(event)
        if instance not in self._ready:
            self._ready.append(instance)

    def _turn(self, instance: Instance) -> None:
        events = [event for event in instance.inbox if _task_of(event) not in instance.canceled]
        is_first = not instance.turns
        instance.inbox = []
        if instance.has_ended or instance.guest is None or not (events or is_first):
            return
        self.log += [text.event(event) for event in events]
        turn = wire.Turn(self.now_ms, events)
        decided = instance.guest.turn(turn)
        instance.turns.append(turn)
        instance.decided.append(decided)
        self.log += self._lines(decided)
        self._replay(instance)
        for action in decided:
            self._carry_out(instance, action)

    def _replay(self, instance: Instance) -> None:
        fresh = Guest(self.catalog, instance.execution)
        for index, (turn, decided) in enumerate(zip(instance.turns, instance.decided, strict=True)):
            again = fresh.turn(turn)
            if again != decided:
                what = [f"it is not deterministic: in turn {index} it decided", *self._lines(decided)]
                raise self._wrong("\n".join([*what, "and when it was replayed", *self._lines(again), "after all this"]))

    def _carry_out(self, instance: Instance, action: Any) -> None:
        value = action.value
        task = Task(instance, instance.generation, value, self.now_ms)
        match action:
            case wire.Action_ScheduleActivity():
                self.at(0, lambda: self._run_activity(task))
            case wire.Action_CreateTimer():
                self.at(max(value.fire_at - self.now_ms, 0), lambda: self._fire(task))
            case wire.Action_StartChild():
                self.at(0, lambda: self._run_child(task))
            case wire.Action_WaitEvent():
                instance.waits[value.task] = value.name
                self._match_events(instance)
            case wire.Action_SendEvent():
                self.at(0, lambda: self.raise_event(value.instance_id, value.name, value.data))
            case wire.Action_Cancel():
                instance.canceled.add(value)
                instance.waits.pop(value, None)
                self._give_back(instance, value)
            case wire.Action_SetCustomStatus():
                instance.custom_status = payload.decode(value, Any, None, kind.INVALID_OUTPUT)
            case wire.Action_ContinueAsNew():
                self._continue(instance, value)
            case wire.Action_Complete() | wire.Action_Fail():
                self._end(instance, value)

    def _fire(self, task: Task) -> None:
        if task.generation == task.instance.generation:
            self._tell(task.instance, wire.Event_TimerFired(task.action.task))

    def _run_activity(self, task: Task) -> None:
        if task.action.task in task.instance.canceled or task.instance.has_ended:
            return
        double = self.activities.get(task.action.name)
        execution, action = task.instance.execution, task.action
        context = wire.ActivityContext(execution.instance_id, execution.execution_id, action.task, task.attempt)
        try:
            if double is not None:
                outcome: Outcome = _run_double(double, action.input)
            else:
                outcome = activity.run(self.catalog.activity(action.name), action.input, context)
        except Exception as error:
            outcome = errors.to_wire(error)
        self._settle(task, outcome, self._run_activity, wire.Event_ActivityCompleted, wire.Event_ActivityFailed)

    def _run_child(self, task: Task) -> None:
        action = task.action
        double = self.children.get(action.name)
        if double is not None:
            try:
                outcome: Outcome = _run_double(double, action.input)
            except Exception as error:
                outcome = errors.to_wire(error)
            self._child_ended(task, outcome)
            return
        child_id = action.instance_id or f"{task.instance.execution.instance_id}:{action.task}"
        known = self._instances.get(child_id)
        if known is None or (known.has_ended and task.attempt > 1):
            watcher = None if action.detached else task
            self.begin(child_id, action.name, action.input, action.version, action.tags, watcher)
        elif not action.detached:
            failure = wire.Failure("instance-exists", f"there is an instance {child_id!r}", None, True)
            self._child_ended(task, failure)

    def _child_ended(self, task: Task, outcome: Outcome) -> None:
        if not task.action.detached:
            self._settle(task, outcome, self._run_child, wire.Event_ChildCompleted, wire.Event_ChildFailed)

    def _settle(self, task: Task, outcome: Outcome, again: Callable[[Task], None], good: Any, bad: Any) -> None:
        if task.generation != task.instance.generation:
            return
        number = task.action.task
        if not isinstance(outcome, wire.Failure):
            self._tell(task.instance, good(wire.TaskCompleted(number, outcome)))
            return
        wait = _next_wait(task.action.retry, outcome, task.attempt, self.now_ms - task.first_ms)
        if wait is None:
            self._tell(task.instance, bad(wire.TaskFailed(number, outcome)))
        else:
            task.attempt += 1
            self.at(wait, lambda: again(task))

    def _continue(self, instance: Instance, action: wire.ContinueAsNew) -> None:
        old = instance.execution
        instance.generation += 1
        instance.execution = wire.Execution(
            old.instance_id,
            _execution_id(old.instance_id, instance.generation),
            old.name,
            old.version if action.version is None else action.version,
            action.input,
            old.tags,
            old.parent,
        )
        instance.waits, instance.canceled = {}, set()
        for event in instance.inbox:
            self._give_back(instance, _task_of(event))
        instance.turns, instance.decided, instance.inbox, instance.taken = [], [], [], {}
        if not action.keep_events:
            instance.buffered.clear()
        self._start(instance)

    def _end(self, instance: Instance, outcome: Outcome) -> None:
        instance.has_ended, instance.outcome = True, outcome
        if instance.watcher is not None:
            self._child_ended(instance.watcher, outcome)

    def _lines(self, actions: list[wire.Action]) -> list[str]:
        return [text.action(action, self.start_ms) for action in actions]

    def _wrong(self, what: str) -> AssertionError:
        return AssertionError("\n".join([f"{what}:", *self.log]))


def _run_double(double: Double, input: str | None) -> str | None:
    return payload.encode(double(payload.decode(input, Any, None, kind.INVALID_INPUT)))


def _next_wait(policy: wire.RetryPolicy | None, failure: wire.Failure, attempt: int, passed_ms: int) -> int | None:
    """How long until the next attempt; none when there is none."""
    if policy is None or attempt >= policy.max_attempts or failure.non_retriable:
        return None
    if failure.kind in policy.non_retriable_kinds:
        return None
    wait = round(policy.first_interval * policy.backoff_coefficient ** (attempt - 1))
    if policy.max_interval is not None:
        wait = min(wait, policy.max_interval)
    if policy.retry_timeout is not None and passed_ms + wait > policy.retry_timeout:
        return None
    return wait


def _execution_id(instance_id: str, generation: int) -> str:
    return hashlib.sha256(f"{generation}/{instance_id}".encode()).hexdigest()[:32]


def _task_of(event: Any) -> int:
    return event.value if isinstance(event, wire.Event_TimerFired) else event.value.task
