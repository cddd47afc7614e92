//! Work items that run before the ones ahead of them are committed.
//!
//! An execution that takes over thousands of external events, handles a few and continues as new would have all the
//! others written with every commit. So the shard runs it on, between the turns of others, and commits once a share of
//! them has been dealt with: what is written in all grows with the number of events, not with its square. Until then
//! nothing leaves and nothing is consumed, as in a single turn that takes long.

use engine::{Timestamp, TurnOutcome};

use super::inbox::Inbox;
use super::log::Before;
use crate::limits;

/// What an instance has run through without a commit.
#[derive(Debug)]
pub(super) struct Ahead {
    /// What it has taken in.
    pub(super) batch: Inbox,
    /// What all of it has led to.
    pub(super) outcome: TurnOutcome,
    /// What the instance was before.
    pub(super) before: Option<Before>,
    /// When it began.
    since: Timestamp,
    /// Executions that continued as new.
    generations: usize,
}

impl Ahead {
    /// After one work item.
    pub(super) fn begin(batch: Inbox, outcome: TurnOutcome, before: Option<Before>, now: Timestamp) -> Self {
        let generations = outcome.replaced.len();
        Self { batch, outcome, before, since: now, generations }
    }

    /// After one more.
    pub(super) fn on(mut self, batch: Inbox, outcome: TurnOutcome) -> Self {
        self.generations += outcome.replaced.len();
        self.batch.append(batch);
        Self { outcome: self.outcome.followed_by(outcome), ..self }
    }

    /// Whether another work item is to be run before a commit.
    pub(super) fn goes_on(&self, now: Timestamp) -> bool {
        let TurnOutcome { carried_over, outbox, logs, wake_at, .. } = &self.outcome;
        let leads_by = wake_at.map(|at| at.saturating_since(now));
        self.generations.saturating_mul(limits::AHEAD_SHARE) < *carried_over
            && now.saturating_since(self.since) < limits::AHEAD_MAX
            && leads_by.is_some_and(|by| by <= limits::AHEAD_OF_CLOCK_MAX)
            && outbox.len() <= limits::AHEAD_MESSAGES_MAX
            && logs.len() <= limits::AHEAD_MESSAGES_MAX
            && self.batch.len() < limits::MESSAGES_PER_TURN_MAX
    }

    /// Messages that the commit may still take in.
    pub(super) fn room(&self) -> usize {
        limits::MESSAGES_PER_TURN_MAX.saturating_sub(self.batch.len())
    }
}
