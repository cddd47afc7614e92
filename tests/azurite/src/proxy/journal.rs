//! What has come by.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Kind, Request, Service, Verb};

/// As many requests as a failing test could want to look back on.
const LOGGED_MAX: usize = 10_000;

/// A request in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Requests that have arrived before it, and 1. [`Proxy::forget`](super::Proxy::forget) does not begin anew.
    pub sequence: u64,
    /// What it asked for.
    pub kind: Kind,
    /// Its path, decoded and without the account.
    pub path: String,
    /// Its condition.
    pub if_match: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has not ended yet.
    Pending,
    /// The service replied with this status.
    Replied(u16),
    /// The service replied with this status, and the client was not told.
    ReplyDropped(u16),
    /// It was not forwarded; the client got this status.
    Refused(u16),
    /// It was not forwarded; the connection was closed.
    Cut,
    /// The service did not reply, for this reason; the connection was closed.
    Failed(String),
    /// The proxy ended first.
    Abandoned,
}

/// Counts and log.
#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    arrived: u64,
    counts: BTreeMap<(Service, Verb), u64>,
    /// In the order of sequence, without gaps.
    log: VecDeque<Logged>,
}

impl Journal {
    /// The number of a request that has just arrived.
    pub(super) fn arrive(&self, make: impl FnOnce(u64) -> Request) -> Request {
        let mut state = self.state();
        state.arrived += 1;
        let request = make(state.arrived);
        if state.log.len() == LOGGED_MAX {
            state.log.pop_front();
        }
        state.log.push_back(Logged {
            sequence: request.sequence,
            kind: request.kind.clone(),
            path: request.path.clone(),
            if_match: request.if_match.clone(),
            outcome: Outcome::Pending,
        });
        request
    }

    /// A request is over. `counted_as` is its verb, or what its reply made of it.
    pub(super) fn end(&self, request: &Request, counted_as: Verb, outcome: Outcome) {
        let mut state = self.state();
        *state.counts.entry((request.kind.service, counted_as)).or_default() += 1;
        let first = state.log.front().map(|logged| logged.sequence);
        // Not there if it was forgotten, or pushed out by newer ones.
        let place = first.and_then(|first| request.sequence.checked_sub(first)).and_then(|place| place.try_into().ok());
        if let Some(logged) = place.and_then(|place: usize| state.log.get_mut(place)) {
            logged.outcome = outcome;
        }
    }

    pub(super) fn counts(&self) -> BTreeMap<(Service, Verb), u64> {
        self.state().counts.clone()
    }

    pub(super) fn log(&self) -> Vec<Logged> {
        self.state().log.iter().cloned().collect()
    }

    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.counts.clear();
        state.log.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is locked half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn arrive(journal: &Journal) -> Request {
        let (parts, ()) = http::Request::builder().uri("/devstoreaccount1/q/messages").body(()).unwrap().into_parts();
        journal.arrive(|sequence| Request::new(Service::Queue, sequence, &parts, Bytes::new()))
    }

    #[test]
    fn the_log_keeps_the_latest_and_counts_keep_all() {
        let journal = Journal::default();
        let count = LOGGED_MAX + 5;
        for _ in 0..count {
            let request = arrive(&journal);
            journal.end(&request, request.kind.verb, Outcome::Replied(200));
        }
        let log = journal.log();
        assert_eq!((log.len(), log[0].sequence), (LOGGED_MAX, 6));
        assert_eq!(journal.counts()[&(Service::Queue, Verb::GetMessages)], count as u64);
    }

    #[test]
    fn an_outcome_finds_its_request_whatever_came_between() {
        let journal = Journal::default();
        let forgotten = arrive(&journal);
        journal.forget();
        let (slow, _fast) = (arrive(&journal), arrive(&journal));
        journal.end(&slow, Verb::EmptyGetMessages, Outcome::Cut);
        journal.end(&forgotten, Verb::GetMessages, Outcome::Abandoned);
        let outcomes: Vec<_> = journal.log().into_iter().map(|logged| logged.outcome).collect();
        assert_eq!(outcomes, [Outcome::Cut, Outcome::Pending]);
        assert_eq!(journal.counts()[&(Service::Queue, Verb::EmptyGetMessages)], 1);
    }
}
