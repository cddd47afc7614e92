//! Running one turn, and what leaves after it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use engine::{EngineRevision, HistoryChange, InstanceId, Timestamp, TurnError, TurnOutcome};
use store::{HeldReason, Token, TurnCommit, panic_text};

use super::ahead::Ahead;
use super::guests::{Recording, Wanted};
use super::inbox::Inbox;
use super::log::Before;
use super::slot::{Committing, Phase, Release, Slot, Warm};
use super::{ActivityKey, Effect, Shard, reasons};
use crate::{fields, limits};

impl Shard {
    /// Runs what waits in an idle slot.
    pub(super) fn run_turn(
        &mut self,
        instance_id: InstanceId,
        slot: Slot,
        (now, newest): (Timestamp, EngineRevision),
        effects: &mut Vec<Effect>,
    ) {
        let Slot { phase: Phase::Idle(mut warm), mut inbox } = slot else {
            self.put(instance_id, slot, effects);
            return;
        };
        let ahead = warm.ahead.as_deref();
        let batch = inbox.take_batch(ahead.map_or(limits::MESSAGES_PER_TURN_MAX, Ahead::room));
        let started_at = ahead.and_then(|ahead| ahead.outcome.wake_at).map_or(now, |at| at.max(now));
        if let Some(since) = batch.waits_since() {
            self.measures.wait.took(now.saturating_since(since));
        }
        self.measures.messages.counted(batch.len());
        let mut guests = Recording { inner: &mut *self.guests, wanted: None, refusal: warm.refusal.take() };
        let before = warm.orchestration.state().map(Before::of);
        let span = tracing::debug_span!(
            "orchestration.turn",
            { fields::INSTANCE_ID } = %instance_id,
            { fields::EXECUTION_ID } = warm.orchestration.state().map(|state| tracing::field::display(state.execution_id)),
            { fields::MESSAGES } = batch.len()
        );
        // A bug in the engine or in the guests' runtime may cost this instance, but not the others of the shard. What
        // the panic left half done is dropped with the slot.
        let run = || warm.orchestration.run(started_at, newest, batch.messages(), &mut guests);
        let ran = span.in_scope(|| catch_unwind(AssertUnwindSafe(run)));
        let wanted = guests.wanted;
        self.counters.turns += 1;
        match ran {
            Ok(Ok(outcome)) => {
                self.decided(instance_id, Turn { warm: *warm, batch, inbox, outcome, before }, now, effects);
            }
            Ok(Err(error)) => {
                if let Some(ahead) = warm.ahead.take() {
                    // What was decided before stands; the turn that its commit asks for meets the error again.
                    if !batch.is_wake_up() {
                        inbox.put_back(batch);
                    }
                    self.commit(instance_id, Decided { warm: *warm, inbox, ahead: *ahead }, now, effects);
                    return;
                }
                inbox.put_back(batch);
                self.undecided(instance_id, Undecided { warm, inbox, error, wanted }, now, effects);
            }
            Err(panic) => {
                self.counters.panics += 1;
                inbox.put_back(batch);
                if let Some(ahead) = warm.ahead {
                    inbox.put_back(ahead.batch);
                }
                let reason = reasons::internal(panic_text(&*panic), now);
                self.hold(instance_id, warm.token, inbox, reason, effects);
            }
        }
    }

    /// Commits what a turn decided, unless another one is to be committed with it.
    fn decided(&mut self, instance_id: InstanceId, turn: Turn, now: Timestamp, effects: &mut Vec<Effect>) {
        let Turn { mut warm, batch, mut inbox, outcome, before } = turn;
        if warm.awaits_start.take().is_some_and(|execution_id| !batch.has_start(execution_id)) {
            inbox.put_back(batch);
            give_back(instance_id, inbox, effects);
            return;
        }
        warm.prepares = 0;
        warm.fails_at = self.waiting.policy().fails_at(&outcome.state);
        let mut ahead = match warm.ahead.take() {
            Some(ahead) => ahead.on(batch, outcome),
            None => Ahead::begin(batch, outcome, before, now),
        };
        if !self.spans.are_on() {
            ahead.outcome.replaced = Vec::new();
        }
        if ahead.goes_on(now) && !self.is_draining {
            warm.ahead = Some(Box::new(ahead));
            inbox.wake();
            self.put(instance_id, Slot { phase: Phase::Idle(Box::new(warm)), inbox }, effects);
            return;
        }
        self.commit(instance_id, Decided { warm, inbox, ahead }, now, effects);
    }

    /// Commits what was decided; if there is nothing to commit, goes on at once.
    fn commit(&mut self, instance_id: InstanceId, decided: Decided, now: Timestamp, effects: &mut Vec<Effect>) {
        let Decided { mut warm, inbox, ahead } = decided;
        let Ahead { batch, outcome, before, .. } = ahead;
        let consumed = batch.message_ids();
        let is_noop = !std::mem::take(&mut warm.is_unfinished)
            && matches!(outcome.history, HistoryChange::None)
            && consumed.is_empty()
            && outcome.outbox.is_empty()
            && !outcome.state_changed
            && outcome.wake_at == warm.wake_at
            && !was_early(&batch, outcome.wake_at, now);
        let release = Release {
            before,
            execution_id: outcome.state.execution_id,
            rewinds: warm.orchestration.rewinds(),
            is_terminal: outcome.state.status.is_terminal(),
            component: outcome.state.component,
            activities: outcome.activities,
            canceled: outcome.canceled,
            logs: outcome.logs,
            replaced: outcome.replaced,
        };
        if is_noop {
            self.release(&instance_id, release, effects);
            self.put(instance_id, Slot { phase: Phase::Idle(Box::new(warm)), inbox }, effects);
            return;
        }
        let commit = TurnCommit {
            instance_id: instance_id.clone(),
            token: warm.token.clone(),
            history: outcome.history,
            state: outcome.state,
            state_changed: outcome.state_changed,
            wake_at: outcome.wake_at,
            has_open_activities: outcome.has_open_activities,
            outbox: outcome.outbox,
            consumed,
        };
        effects.push(Effect::Commit { commit: Box::new(commit.clone()), attempt: 0 });
        let committing = Committing { warm, commit, batch, release, attempt: 0 };
        self.put(instance_id, Slot { phase: Phase::Committing(Box::new(committing)), inbox }, effects);
    }

    /// Prepares the guest that a turn lacked, gives back what came before the start, or holds the instance.
    fn undecided(&mut self, instance_id: InstanceId, turn: Undecided, now: Timestamp, effects: &mut Vec<Effect>) {
        let Undecided { mut warm, inbox, error, wanted } = turn;
        let reason = match error {
            TurnError::Nondeterminism(mismatch) => reasons::nondeterminism(&mismatch, now),
            TurnError::Unavailable(why) => match wanted {
                Some(Wanted { orchestration, component }) if warm.prepares < limits::PREPARES_PER_WORK_ITEM_MAX => {
                    warm.prepares += 1;
                    effects.push(Effect::Prepare { instance_id: instance_id.clone(), orchestration, component });
                    self.put(instance_id, Slot { phase: Phase::Preparing(warm), inbox }, effects);
                    return;
                }
                Some(_) | None => reasons::unavailable(&why, now),
            },
            // Its start is still on its way, or will never come.
            TurnError::NotStarted => {
                give_back(instance_id, inbox, effects);
                return;
            }
            other => reasons::internal(&other.to_string(), now),
        };
        self.hold(instance_id, warm.token, inbox, reason, effects);
    }

    /// Stops an instance until somebody releases it.
    pub(super) fn hold(
        &mut self,
        instance_id: InstanceId,
        token: Token,
        inbox: Inbox,
        reason: HeldReason,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::Hold {
            instance_id: instance_id.clone(),
            token: token.clone(),
            reason: reason.clone(),
            attempt: 0,
        });
        self.put(instance_id, Slot { phase: Phase::Holding { token, reason, attempt: 0 }, inbox }, effects);
    }

    /// Lets out what a durable turn decided.
    pub(super) fn release(&mut self, instance_id: &InstanceId, release: Release, effects: &mut Vec<Effect>) {
        let Release { execution_id, rewinds, is_terminal, component, activities, canceled, logs, .. } = release;
        effects.extend(logs.into_iter().map(|line| Effect::GuestLog { instance_id: instance_id.clone(), line }));
        let begin: Vec<ActivityKey> = activities.iter().map(ActivityKey::of).collect();
        let unwanted = self.in_flight.take_unwanted(instance_id, |key, noted| {
            let is_of_before = noted < rewinds && !begin.contains(key);
            is_terminal || is_of_before || key.execution_id != execution_id || canceled.contains(&key.task)
        });
        effects.extend(unwanted.into_iter().map(Effect::CancelActivity));
        for task in activities {
            if self.in_flight.insert(ActivityKey::of(&task), rewinds) {
                effects.push(Effect::RunActivity { task: Box::new(task), component });
            }
        }
    }
}

/// Gives back what came before a start. A wake-up alone has no reason to come back.
fn give_back(instance_id: InstanceId, inbox: Inbox, effects: &mut Vec<Effect>) {
    if inbox.has_messages() {
        effects.push(Effect::Abandon(inbox.into_work(instance_id)));
    }
}

/// A turn that was decided.
struct Turn {
    warm: Warm,
    batch: Inbox,
    inbox: Inbox,
    outcome: TurnOutcome,
    before: Option<Before>,
}

/// Turns to be committed.
struct Decided {
    warm: Warm,
    inbox: Inbox,
    ahead: Ahead,
}

/// A turn that was not.
struct Undecided {
    warm: Box<Warm>,
    inbox: Inbox,
    error: TurnError,
    wanted: Option<Wanted>,
}

/// Whether a wake-up came before its time because the backend's clock is ahead of ours, or ours was set back.
///
/// A wake-up is handed out once; one that finds nothing due must be asked for again by a commit.
fn was_early(batch: &Inbox, wake_at: Option<Timestamp>, now: Timestamp) -> bool {
    batch.is_wake_up() && wake_at.is_some_and(|at| now < at && at.saturating_since(now) <= limits::CLOCK_SKEW_MAX)
}
