//! One instance, its stored history, and work items in text form.

use crate::text::{parse_history, parse_messages, render_history};
use crate::{
    EngineRevision, EventKind, GuestError, HistoryChange, HistoryEvent, InstanceId, Message, Orchestration, Timestamp,
    TurnError, TurnOutcome,
};

use super::outcome::without_newest_revision;
use super::{ScriptedGuests, render_outcome};

/// One work item on top of a history, rendered. `inbox`: first the time, then messages: `at=5s | suspend`.
///
/// An empty history is that of an instance that has not started. Panics when a text is not in the text form.
pub fn check(history: &str, inbox: &str, guests: ScriptedGuests) -> String {
    Session::load(history, guests).run(inbox)
}

/// The instance `order-1`, its committed history and its guests.
///
/// After every work item that is committed, the history is loaded anew beside the live instance: both must show the
/// same state and wait for the same things.
pub struct Session {
    /// The instance in memory.
    pub orchestration: Orchestration,
    /// What has been committed.
    pub history: Vec<HistoryEvent>,
    /// Where guests come from.
    pub guests: ScriptedGuests,
}

impl Session {
    /// An instance that has not started.
    pub fn new(guests: ScriptedGuests) -> Self {
        Self { orchestration: Orchestration::new(instance_id()), history: Vec::new(), guests }
    }

    /// An instance with that history, of the newest engine revision unless it says which.
    pub fn load(history: &str, guests: ScriptedGuests) -> Self {
        let history = of_newest_revision(history);
        let orchestration =
            Orchestration::load(instance_id(), history.clone(), None, None).unwrap_or_else(|error| panic!("{error}"));
        Self { orchestration, history, guests }
    }

    /// Runs one work item in text form, commits it and renders what it led to, or its error.
    pub fn run(&mut self, inbox: &str) -> String {
        let (now, messages) = parse_inbox(inbox);
        match self.run_messages(now, messages) {
            Ok(outcome) => render_outcome(&outcome),
            Err(error) => format!("error: {error}"),
        }
    }

    /// Runs one work item and commits it.
    pub fn run_messages(&mut self, now: Timestamp, messages: Vec<Message>) -> Result<TurnOutcome, TurnError> {
        let outcome = self.orchestration.run(now, EngineRevision::NEWEST, messages, &mut self.guests)?;
        match &outcome.history {
            HistoryChange::None => {}
            HistoryChange::Append { events } => self.history.extend_from_slice(events),
            HistoryChange::Replace { events } => self.history.clone_from(events),
        }
        assert_eq!(self.reloaded().state(), self.orchestration.state(), "loading shows another state");
        Ok(outcome)
    }

    /// Drops the guest and everything else in memory, and loads the instance anew.
    pub fn evict(&mut self) {
        self.orchestration = self.reloaded();
    }

    /// The committed history, one event per line; see [`render_outcome`] for what it leaves out.
    pub fn text(&self) -> String {
        without_newest_revision(&render_history(&self.history))
    }

    fn reloaded(&self) -> Orchestration {
        let state = self.orchestration.state();
        let component = state.and_then(|state| state.component);
        let custom_status = state.and_then(|state| state.custom_status.clone());
        Orchestration::load(instance_id(), self.history.clone(), component, custom_status)
            .unwrap_or_else(|error| panic!("{error}:\n{}", self.text()))
    }

    /// Lets guests fail or be missing from now on; none: as before.
    pub fn refuse_guests(&self, error: Option<GuestError>) {
        self.guests.refuse(error);
    }
}

/// A specification speaks of the newest rules where it does not say otherwise.
fn of_newest_revision(text: &str) -> Vec<HistoryEvent> {
    let mut history = parse_history(text).unwrap_or_else(|error| panic!("{error} of the history"));
    if !text.contains("engine_revision=") {
        for event in &mut history {
            if let EventKind::ExecutionStarted(started) = &mut event.kind {
                started.engine_revision = EngineRevision::NEWEST;
            }
        }
    }
    history
}

fn instance_id() -> InstanceId {
    InstanceId::new("order-1").expect("a valid id")
}

fn parse_inbox(text: &str) -> (Timestamp, Vec<Message>) {
    let (time, messages) = text.split_once(['|', '\n']).unwrap_or((text, ""));
    let at = format!("orchestrator_started {}", time.trim());
    let now = parse_history(&at).unwrap_or_else(|error| panic!("{error} of the inbox: {time}"))[0].at;
    (now, parse_messages(messages).unwrap_or_else(|error| panic!("{error} of the inbox: {messages}")))
}
