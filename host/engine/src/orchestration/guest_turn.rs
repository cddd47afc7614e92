//! A guest has its turn: warm with what is new, cold with everything it must repeat first.

use crate::{Action, Event, Execution, Failure, GuestError, Turn, TurnError};

use super::contract::broken;
use super::execution::LiveExecution;
use super::replay;
use super::work_item::WorkItem;

/// What a guest made of its turn. The failure is the guest's own fault and becomes its instance's.
type Answer = Result<Vec<Action>, Failure>;

impl WorkItem<'_> {
    /// Tells the guest what is new and lets its decisions take effect.
    pub(super) fn guest_turn(&mut self) -> Result<(), TurnError> {
        self.open_turn();
        self.guest_turns += 1;
        let execution = self.current_mut();
        let events = execution.fold.deliver(&execution.history);
        let answer = if execution.guest.is_some() { self.run_warm(events)? } else { self.run_cold(events)? };
        match answer {
            Ok(actions) => self.decide(actions),
            Err(failure) => {
                self.current_mut().guest = None;
                self.fail(failure);
            }
        }
        Ok(())
    }

    fn run_warm(&mut self, events: Vec<Event>) -> Result<Answer, TurnError> {
        let now = self.now;
        let Some(guest) = &mut self.current_mut().guest else { return self.run_cold(events) };
        Ok(match guest.run(&[Turn { now, events }]) {
            Ok(lists) => last_list(lists, 1),
            Err(error) => Err(fault(error)?),
        })
    }

    /// A fresh guest repeats the turns of the history, then has the new one, all in one call.
    fn run_cold(&mut self, events: Vec<Event>) -> Result<Answer, TurnError> {
        let execution = self.instance.execution.as_mut().expect("an execution is running");
        let about = about(&self.instance.instance_id, execution);
        let pin = execution.component.or(execution.fold.started.component);
        let (mut guest, component) = match self.guests.start(&about, pin) {
            Ok(started) => started,
            Err(error) => return Ok(Err(fault(error)?)),
        };
        execution.component = Some(component);
        let mut replay = std::mem::take(&mut execution.replay);
        replay.turns.push(Turn { now: self.now, events });
        let lists = match guest.run(&replay.turns) {
            Ok(lists) => lists,
            Err(error) => return Ok(Err(fault(error)?)),
        };
        if lists.len() == replay.turns.len() {
            for (decisions, actions) in replay.decisions.into_iter().zip(&lists) {
                replay::compare(execution, decisions, actions).map_err(TurnError::Nondeterminism)?;
            }
        }
        execution.guest = Some(guest);
        Ok(last_list(lists, replay.turns.len()))
    }
}

fn last_list(mut lists: Vec<Vec<Action>>, turns: usize) -> Answer {
    if lists.len() != turns {
        return Err(broken(format!("the guest answered {turns} turns with {} lists of actions", lists.len())));
    }
    Ok(lists.pop().unwrap_or_default())
}

/// Tells the guest's own failures from those of the host.
fn fault(error: GuestError) -> Result<Failure, TurnError> {
    match error {
        GuestError::Failed(failure) => Ok(failure),
        GuestError::Unavailable(reason) => Err(TurnError::Unavailable(reason)),
    }
}

pub(super) fn about(instance_id: &crate::InstanceId, execution: &LiveExecution) -> Execution {
    let started = &execution.fold.started;
    Execution {
        instance_id: instance_id.clone(),
        execution_id: started.execution_id,
        name: started.name.clone(),
        version: started.version.clone(),
        input: started.input.clone(),
        tags: started.tags.clone(),
        parent: started.parent.clone(),
    }
}
