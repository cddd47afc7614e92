//! Replay as a check: does a component decide again what a history says was decided?

use crate::{EventKind, GuestError, GuestSource, TurnError};

use super::fold::kind_of;
use super::guest_turn::about;
use super::{Orchestration, load, replay};

impl Orchestration {
    /// Runs a fresh guest through every turn of the history and compares, also the turn that ended the execution.
    ///
    /// For tools and tests: nothing is decided anew. Call it right after [`load`](Self::load); this value is of no
    /// further use then.
    ///
    /// # Errors
    /// Where and how the component decides otherwise, or why there is no guest to ask.
    pub fn replay(&mut self, guests: &mut dyn GuestSource) -> Result<(), TurnError> {
        let Some(execution) = &mut self.execution else { return Err(TurnError::NotStarted) };
        if execution.has_ended() {
            // A load keeps nothing to replay of what has ended.
            execution.refold(&load::voided(&execution.history).expect("these events have been folded before"));
        }
        let recorded = std::mem::take(&mut execution.replay);
        let about = about(&self.instance_id, execution);
        let pin = execution.component.or(execution.fold.started.component);
        let lists = match guests.start(&about, pin).and_then(|(mut guest, _)| guest.run(&recorded.turns)) {
            Ok(lists) => lists,
            Err(GuestError::Failed(failure)) => {
                // A guest at fault ends its execution, and is at fault again.
                let end = execution.fold.end.and_then(|end| kind_of(&execution.history, end));
                return match end {
                    Some(EventKind::ExecutionFailed { failure: then }) if then.kind == failure.kind => Ok(()),
                    _ => Err(TurnError::Unavailable(format!("{}: {}", failure.kind, failure.message))),
                };
            }
            Err(GuestError::Unavailable(reason)) => return Err(TurnError::Unavailable(reason)),
        };
        for (decisions, actions) in recorded.decisions.into_iter().zip(&lists) {
            replay::compare(execution, decisions, actions).map_err(TurnError::Nondeterminism)?;
        }
        Ok(())
    }
}
