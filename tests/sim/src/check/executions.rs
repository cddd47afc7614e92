//! Histories only grow, and what they once said remains true.

use std::collections::{BTreeMap, BTreeSet};

use engine::{EventKind, ExecutionId, HistoryChange, HistoryEvent, InstanceId, Message, OutboxMessage, TaskId};
use store::TurnCommit;

use crate::world::{Rule, Violation};

/// All that was ever stored, by execution.
#[derive(Debug, Default)]
pub(super) struct Executions {
    stored: BTreeMap<ExecutionId, Stored>,
    /// Which execution an instance was last seen with.
    current: BTreeMap<InstanceId, ExecutionId>,
    /// Each was replaced by another, or purged.
    superseded: BTreeSet<ExecutionId>,
    /// What commits send that replace the history: the executions that decided it may never have been stored.
    sending: Vec<Sending>,
    /// Instances that have a history, or had one.
    begun: BTreeSet<InstanceId>,
}

/// What a commit sends once it is durable.
#[derive(Debug)]
struct Sending {
    execution_id: ExecutionId,
    events: Vec<HistoryEvent>,
    outbox: Vec<OutboxMessage>,
}

#[derive(Debug, Default)]
struct Stored {
    events: Vec<HistoryEvent>,
    scheduled: BTreeSet<TaskId>,
    created: BTreeSet<(TaskId, InstanceId)>,
    /// Children that nobody waits for.
    detached: BTreeSet<InstanceId>,
    /// Tasks that sent events.
    told: BTreeSet<TaskId>,
}

/// Events that were not there before.
#[derive(Debug)]
pub(super) struct New {
    pub(super) execution_id: ExecutionId,
    pub(super) events: Vec<HistoryEvent>,
}

impl Executions {
    /// Compares a stored history with what was stored before.
    ///
    /// `may_come_back`: it may have been purged, and begun again by a copy of its start.
    pub(super) fn seen(
        &mut self,
        instance_id: &InstanceId,
        history: &[HistoryEvent],
        may_come_back: bool,
    ) -> Result<New, Violation> {
        let broken = |text: String| Err(Violation::new(Rule::HistoryIsAppendOnly, instance_id, text));
        let started = history.iter().find_map(|event| match &event.kind {
            EventKind::ExecutionStarted(start) => Some(start.execution_id),
            _ => None,
        });
        let Some(execution_id) = started else {
            if !history.is_empty() {
                return broken("its history has no beginning".to_owned());
            }
            // It has not begun, or was purged.
            if let Some(gone) = self.current.remove(instance_id) {
                self.superseded.insert(gone);
            }
            return Ok(New { execution_id: ExecutionId::from_bytes([0; 16]), events: Vec::new() });
        };
        if let Some(before) = self.current.insert(instance_id.clone(), execution_id)
            && before != execution_id
        {
            self.superseded.insert(before);
        }
        self.begun.insert(instance_id.clone());
        if may_come_back && self.superseded.remove(&execution_id) {
            self.stored.remove(&execution_id);
        }
        if self.superseded.contains(&execution_id) {
            return broken(format!("execution {execution_id} is back, which another has replaced"));
        }
        let stored = self.stored.entry(execution_id).or_default();
        let old = stored.events.len();
        if history.len() < old {
            return broken(format!("it had {old} events, and has {}", history.len()));
        }
        for (event, position) in history.iter().zip(1_u64..) {
            if event.id.0 != position {
                return broken(format!("event {} is at position {position}", event.id.0));
            }
        }
        if let Some((was, is)) = stored.events.iter().zip(history).find(|(was, is)| was != is) {
            return broken(format!("event {} was `{was}` and is `{is}`", was.id.0));
        }
        let events: Vec<HistoryEvent> = history[old..].to_vec();
        for event in &events {
            match &event.kind {
                EventKind::TaskScheduled { task, .. } => drop(stored.scheduled.insert(*task)),
                EventKind::SubOrchestrationCreated { task, instance_id, detached, .. } => {
                    if *detached {
                        stored.detached.insert(instance_id.clone());
                    }
                    stored.created.insert((*task, instance_id.clone()));
                }
                EventKind::EventSent { task, .. } => drop(stored.told.insert(*task)),
                _ => {}
            }
        }
        stored.events.extend(events.iter().cloned());
        Ok(New { execution_id, events })
    }

    /// A commit is about to be made.
    pub(super) fn sends(&mut self, commit: &TurnCommit) {
        if let HistoryChange::Replace { events } = &commit.history
            && !commit.outbox.is_empty()
        {
            let (events, outbox) = (events.clone(), commit.outbox.clone());
            self.sending.push(Sending { execution_id: commit.state.execution_id, events, outbox });
        }
    }

    /// Whether a durable commit that replaced the history has sent this.
    fn was_sent(&self, is_it: impl Fn(&OutboxMessage) -> bool) -> bool {
        self.sending.iter().filter(|sending| sending.outbox.iter().any(&is_it)).any(|sending| {
            let stored = self.stored.get(&sending.execution_id);
            stored.is_some_and(|stored| stored.events.starts_with(&sending.events))
        })
    }

    /// What an execution is marked with.
    pub(super) fn tags(&self, execution_id: ExecutionId) -> BTreeMap<String, String> {
        let events = self.stored.get(&execution_id).map(|stored| stored.events.as_slice()).unwrap_or_default();
        let tags = events.iter().find_map(|event| match &event.kind {
            EventKind::ExecutionStarted(start) => Some(start.tags.clone()),
            _ => None,
        });
        tags.unwrap_or_default()
    }

    /// Every child that nobody waits for has begun, once everything is over.
    pub(super) fn check_detached(&self) -> Result<(), Violation> {
        let of_stored = self.stored.values().flat_map(|stored| &stored.detached);
        let sent = self.sending.iter().filter(|sending| {
            let stored = self.stored.get(&sending.execution_id);
            stored.is_some_and(|stored| stored.events.starts_with(&sending.events))
        });
        let of_sent = sent.flat_map(|sending| &sending.outbox).filter_map(|out| match &out.message {
            Message::Start(start) if start.parent.is_none() => Some(&out.to),
            _ => None,
        });
        match of_stored.chain(of_sent).find(|child| !self.begun.contains(*child)) {
            None => Ok(()),
            Some(child) => {
                let text = "it was started with nobody to wait for it, and has never begun";
                Err(Violation::new(Rule::WhatIsDetachedBegins, child, text))
            }
        }
    }

    /// What was acknowledged has been stored.
    pub(super) fn check_acknowledged(
        &self,
        instance_id: &InstanceId,
        execution_id: ExecutionId,
        events: &[HistoryEvent],
    ) -> Result<(), Violation> {
        let stored = self.stored.get(&execution_id).map(|stored| stored.events.as_slice()).unwrap_or_default();
        for event in events {
            let position = usize::try_from(event.id.0).unwrap_or(usize::MAX).wrapping_sub(1);
            if stored.get(position) != Some(event) {
                let text =
                    format!("a commit was acknowledged, and its event `{event}` of {execution_id} is not stored");
                return Err(Violation::new(Rule::AcknowledgedIsStored, instance_id, text));
            }
        }
        Ok(())
    }

    /// An event that says who sent it was sent.
    pub(super) fn check_told(&self, instance_id: &InstanceId, event: &HistoryEvent) -> Result<(), Violation> {
        let EventKind::EventRaised { data: Some(data), .. } = &event.kind else { return Ok(()) };
        let Some((sender, task)) = data.as_str().strip_prefix("told ").and_then(|data| data.split_once(' ')) else {
            return Ok(());
        };
        let was_sent = self.stored.iter().any(|(execution_id, stored)| {
            execution_id.to_string() == sender && stored.told.iter().any(|told| told.to_string() == task)
        });
        let says_so = |out: &OutboxMessage| {
            matches!(&out.message, Message::RaiseEvent { data: Some(sent), .. } if sent == data)
                && out.to == *instance_id
        };
        if was_sent || self.was_sent(says_so) {
            return Ok(());
        }
        let text = format!("`{event}` came from a turn that is not stored");
        Err(Violation::new(Rule::NothingLeavesAnUncommittedTurn, instance_id, text))
    }

    pub(super) fn has_scheduled(&self, execution_id: ExecutionId, task: TaskId) -> bool {
        self.stored.get(&execution_id).is_some_and(|stored| stored.scheduled.contains(&task))
    }

    pub(super) fn has_created(&self, execution_id: ExecutionId, task: TaskId, child: &InstanceId) -> bool {
        let starts_it = |out: &OutboxMessage| {
            let Message::Start(start) = &out.message else { return false };
            out.to == *child
                && start.parent.as_ref().is_some_and(|it| (it.execution_id, it.task) == (execution_id, task))
        };
        self.stored.get(&execution_id).is_some_and(|stored| stored.created.contains(&(task, child.clone())))
            || self.was_sent(starts_it)
    }

    /// Whether its history says how it ended.
    pub(super) fn has_ended(&self, execution_id: ExecutionId) -> bool {
        self.stored.get(&execution_id).is_some_and(|stored| {
            stored.events.iter().any(|event| {
                matches!(
                    event.kind,
                    EventKind::ExecutionCompleted { .. }
                        | EventKind::ExecutionFailed { .. }
                        | EventKind::ExecutionTerminated { .. }
                )
            })
        })
    }
}
