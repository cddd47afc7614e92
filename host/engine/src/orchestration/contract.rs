//! What a guest may decide in one turn, checked before anything of it takes effect.
//!
//! A turn that breaks a rule fails the instance with kind `guest-broke-contract`; nothing else of that turn is recorded
//! or sent, so that a broken guest reaches nobody.

use std::collections::BTreeMap;

use crate::{
    Action, EventKind, Failure, InstanceId, LogLevel, LogLine, Payload, RetryPolicy, StartChild, TaskId, kind, limits,
};

use super::continue_as_new::ContinueAsNew;
use super::execution::LiveExecution;

/// What the actions of one turn come to.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// To be recorded in this order. A cancel of a closed task is still among them.
    pub(super) events: Vec<EventKind>,
    pub(super) continuing: Option<ContinueAsNew>,
    /// What status queries show from now on; none: what they showed before.
    pub(super) custom_status: Option<CustomStatus>,
}

/// What the guest wants shown; none: nothing.
#[derive(Debug)]
pub(super) struct CustomStatus(pub(super) Option<Payload>);

/// Checks the actions of one turn.
pub(super) struct Checker<'a> {
    execution: &'a LiveExecution,
    /// The id that the next scheduled thing must carry.
    next_task: TaskId,
    payload_bytes: usize,
    has_ended: bool,
}

impl<'a> Checker<'a> {
    pub(super) fn new(execution: &'a LiveExecution) -> Self {
        Self { execution, next_task: execution.fold.tasks.next_id(), payload_bytes: 0, has_ended: false }
    }

    pub(super) fn check(mut self, actions: Vec<Action>) -> Result<Decided, Failure> {
        let mut decided = Decided { events: Vec::with_capacity(actions.len()), ..Decided::default() };
        let mut decisions = 0;
        for action in actions {
            if matches!(action, Action::Log { .. }) {
                continue;
            }
            decisions += 1;
            if decisions > limits::ACTIONS_PER_TURN_MAX {
                return Err(over("a turn of more actions", "ACTIONS_PER_TURN_MAX", limits::ACTIONS_PER_TURN_MAX));
            }
            if self.has_ended {
                return Err(broken("an action follows the one that ends the execution"));
            }
            self.check_one(action, &mut decided)?;
        }
        Ok(decided)
    }

    fn check_one(&mut self, action: Action, decided: &mut Decided) -> Result<(), Failure> {
        decided.events.push(match action {
            Action::ScheduleActivity { task, name, input, retry } => {
                self.task(task)?;
                self.name("activity name", &name)?;
                self.payload(input.as_ref())?;
                retry_policy(retry.as_ref())?;
                EventKind::TaskScheduled { task, name, input, retry }
            }
            Action::CreateTimer { task, fire_at } => {
                self.task(task)?;
                time("fire-at", fire_at.as_millis())?;
                EventKind::TimerCreated { task, fire_at }
            }
            Action::StartChild(child) => self.child(*child)?,
            Action::WaitEvent { task, name } => {
                self.task(task)?;
                self.name("event name", &name)?;
                EventKind::EventAwaited { task, name }
            }
            Action::SendEvent { task, instance_id, name, data } => {
                self.task(task)?;
                self.name("event name", &name)?;
                self.payload(data.as_ref())?;
                EventKind::EventSent { task, instance_id: instance(&instance_id)?, name, data }
            }
            Action::Cancel { task } if task >= self.next_task => {
                return Err(broken(format!("task {task} was canceled but never scheduled")));
            }
            Action::Cancel { task } => EventKind::TaskCanceled { task },
            Action::SetCustomStatus { status } => {
                self.payload(status.as_ref())?;
                decided.custom_status = Some(CustomStatus(status));
                return Ok(());
            }
            Action::Log { .. } => return Ok(()),
            Action::ContinueAsNew { input, version, keep_events } => {
                self.has_ended = true;
                self.payload(input.as_ref())?;
                self.version(version.as_ref())?;
                decided.continuing = Some(ContinueAsNew { input, version, keep_events });
                return Ok(());
            }
            Action::Complete { output } => {
                self.has_ended = true;
                self.payload(output.as_ref())?;
                EventKind::ExecutionCompleted { output }
            }
            Action::Fail { failure } => {
                self.has_ended = true;
                self.name("failure kind", &failure.kind)?;
                self.payload(failure.details.as_ref())?;
                EventKind::ExecutionFailed { failure: failure.bounded() }
            }
        });
        Ok(())
    }

    fn child(&mut self, child: StartChild) -> Result<EventKind, Failure> {
        let StartChild { task, name, instance_id, version, input, tags, retry, detached } = child;
        self.task(task)?;
        self.name("orchestration name", &name)?;
        self.version(version.as_ref())?;
        self.payload(input.as_ref())?;
        self.tags(&tags)?;
        retry_policy(retry.as_ref())?;
        let started_as = |instance_id| EventKind::SubOrchestrationCreated {
            task,
            name,
            instance_id,
            version,
            input,
            tags,
            retry,
            detached,
        };
        Ok(match instance_id {
            Some(text) => started_as(instance(&text)?),
            None => self.execution.with_derived_instance(task, started_as),
        })
    }

    fn task(&mut self, given: TaskId) -> Result<(), Failure> {
        if given != self.next_task {
            return Err(broken(format!("task {given} was scheduled where task {} is next", self.next_task)));
        }
        let Some(next) = given.0.checked_add(1) else { return Err(broken("an execution ran out of task ids")) };
        self.next_task = TaskId(next);
        Ok(())
    }

    fn payload(&mut self, payload: Option<&Payload>) -> Result<(), Failure> {
        let bytes = payload.map_or(0, |payload| payload.as_str().len());
        if bytes > limits::PAYLOAD_BYTES_MAX {
            return Err(over(format!("a payload of {bytes} bytes"), "PAYLOAD_BYTES_MAX", limits::PAYLOAD_BYTES_MAX));
        }
        self.text(bytes)
    }

    /// Counts text that one commit must carry.
    fn text(&mut self, bytes: usize) -> Result<(), Failure> {
        self.payload_bytes += bytes;
        if self.payload_bytes > limits::TURN_BYTES_MAX {
            return Err(over("a turn of more payload bytes", "TURN_BYTES_MAX", limits::TURN_BYTES_MAX));
        }
        Ok(())
    }

    fn name(&mut self, what: &str, name: &str) -> Result<(), Failure> {
        if name.is_empty() {
            return Err(broken(format!("the {what} is empty")));
        }
        if name.len() > limits::NAME_BYTES_MAX {
            return Err(over(format!("the {what} of {} bytes", name.len()), "NAME_BYTES_MAX", limits::NAME_BYTES_MAX));
        }
        if name.chars().any(char::is_control) {
            return Err(broken(format!("the {what} holds a control character")));
        }
        self.text(name.len())
    }

    fn version(&mut self, version: Option<&String>) -> Result<(), Failure> {
        version.map_or(Ok(()), |version| self.name("version", version))
    }

    fn tags(&mut self, tags: &BTreeMap<String, String>) -> Result<(), Failure> {
        if tags.len() > limits::TAGS_MAX {
            return Err(over(format!("{} tags", tags.len()), "TAGS_MAX", limits::TAGS_MAX));
        }
        for (key, value) in tags {
            self.name("tag", key)?;
            self.text(value.len())?;
        }
        Ok(())
    }
}

fn instance(text: &str) -> Result<InstanceId, Failure> {
    InstanceId::new(text).map_err(|error| broken(format!("'{}' is no instance id: {error}", text.escape_debug())))
}

fn time(what: &str, ms: u64) -> Result<(), Failure> {
    if ms > limits::TIME_MS_MAX {
        return Err(over(format!("{what} {ms}"), "TIME_MS_MAX", limits::TIME_MS_MAX));
    }
    Ok(())
}

fn retry_policy(policy: Option<&RetryPolicy>) -> Result<(), Failure> {
    let Some(policy) = policy else { return Ok(()) };
    let RetryPolicy {
        max_attempts,
        first_interval_ms,
        backoff_coefficient,
        max_interval_ms,
        retry_timeout_ms,
        non_retriable_kinds,
    } = policy;
    if *max_attempts == 0 {
        return Err(broken("a retry policy allows no attempt"));
    }
    if *max_attempts > limits::RETRY_ATTEMPTS_MAX {
        return Err(over(format!("{max_attempts} attempts"), "RETRY_ATTEMPTS_MAX", limits::RETRY_ATTEMPTS_MAX));
    }
    if !(backoff_coefficient.is_finite() && *backoff_coefficient >= 1.0) {
        return Err(broken(format!("the backoff coefficient {backoff_coefficient} is not a number from 1 on")));
    }
    time("first-interval", *first_interval_ms)?;
    time("max-interval", max_interval_ms.unwrap_or(0))?;
    time("retry-timeout", retry_timeout_ms.unwrap_or(0))?;
    if non_retriable_kinds.len() > limits::RETRY_KINDS_MAX {
        let count = non_retriable_kinds.len();
        return Err(over(format!("{count} non-retriable kinds"), "RETRY_KINDS_MAX", limits::RETRY_KINDS_MAX));
    }
    if let Some(long) = non_retriable_kinds.iter().find(|kind| kind.len() > limits::NAME_BYTES_MAX) {
        return Err(over(format!("a kind of {} bytes", long.len()), "NAME_BYTES_MAX", limits::NAME_BYTES_MAX));
    }
    Ok(())
}

/// The guest broke a rule of the contract.
pub(super) fn broken(message: impl Into<String>) -> Failure {
    Failure::new(kind::GUEST_PROTOCOL, message).non_retriable()
}

fn over(what: impl std::fmt::Display, limit: &str, value: impl std::fmt::Display) -> Failure {
    broken(format!("{what} exceeds the limit of {value} ({limit})"))
}

/// The log lines of a turn, bounded. Also those of a turn that broke a rule: they may tell why.
pub(super) fn log_lines(actions: &[Action]) -> Vec<LogLine> {
    let mut lines = Vec::new();
    let mut dropped = 0_usize;
    for action in actions {
        let Action::Log { level, message } = action else { continue };
        if lines.len() < limits::LOG_LINES_PER_TURN_MAX {
            let cut = message.floor_char_boundary(limits::LOG_LINE_BYTES_MAX);
            lines.push(LogLine { level: *level, message: message[..cut].to_owned() });
        } else {
            dropped += 1;
        }
    }
    if dropped > 0 {
        let message = format!("{dropped} further lines of this turn were dropped (LOG_LINES_PER_TURN_MAX)");
        lines.push(LogLine { level: LogLevel::Warn, message });
    }
    lines
}
