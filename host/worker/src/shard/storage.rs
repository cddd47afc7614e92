//! What a shard makes of the answers of storage and of the guests' runtime.

use engine::{
    Digest, EventKind, ExecutionStarted, HistoryEvent, InstanceId, InstanceState, Message, Orchestration,
    RuntimeStatus, Timestamp,
};
use store::{CommitError, Outcome, Snapshot, StorageError, Token, TurnCommit};

use super::guests::Refusal;
use super::inbox::Inbox;
use super::slot::{Committing, Phase, Release, Slot, Warm};
use super::{ActivityKey, Effect, Notice, Shard, log, reasons};
use crate::{Span, Unprepared, limits, spans};

impl Shard {
    /// A history arrived, or not.
    pub(super) fn loaded(
        &mut self,
        instance_id: InstanceId,
        result: Result<Option<Box<Snapshot>>, StorageError>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(slot) = self.slots.take(&instance_id) else { return };
        let Slot { phase: Phase::Loading { attempt }, inbox } = slot else {
            self.put(instance_id, slot, effects);
            return;
        };
        let broken = self.broken.take(&instance_id);
        match result {
            // Handed out before it was held. The release hands everything out again.
            Ok(Some(snapshot)) if snapshot.row.held.is_some() && snapshot.damage.is_none() => {
                self.waiting.note_row(&snapshot.row);
            }
            Ok(Some(snapshot)) => match broken {
                Some(breakage) => {
                    let reason = reasons::internal(&breakage.what, now);
                    // Should this panic as well, it counts on.
                    self.broken.note(instance_id.clone(), breakage);
                    self.hold(instance_id, snapshot.token, inbox, reason, effects);
                }
                None => self.fold(instance_id, *snapshot, inbox, now, effects),
            },
            Ok(None) => {
                self.waiting.forget(&instance_id);
                // The backend has seen to the messages that it had handed out by then; others have come since, and one may
                // be the start.
                if inbox.stored().next().is_some() {
                    effects.push(Effect::Abandon(inbox.into_work(instance_id.clone())));
                }
                effects.push(Effect::Notice(Notice::InstanceGone { instance_id }));
            }
            Err(error) if error.is_transient() => {
                let attempt = attempt + 1;
                let gives_up = attempt >= limits::LOAD_ATTEMPTS_MAX && !inbox.has_results();
                effects.push(Effect::Notice(Notice::StorageFailed { instance_id: instance_id.clone(), error }));
                if gives_up || self.is_draining {
                    effects.push(Effect::Abandon(inbox.into_work(instance_id)));
                } else {
                    if let Some(breakage) = broken {
                        self.broken.note(instance_id.clone(), breakage);
                    }
                    self.load(instance_id, inbox, attempt, effects);
                }
            }
            // There is no token to hold it under, and giving the messages back would only bring them here again.
            Err(error) => effects.push(Effect::Notice(Notice::Unreadable { instance_id, error })),
        }
    }

    /// Folds a history, and asks for a guest unless the instance has ended.
    fn fold(
        &mut self,
        instance_id: InstanceId,
        snapshot: Snapshot,
        mut inbox: Inbox,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Snapshot { token, row, history, damage, taken_in, is_unfinished } = snapshot;
        self.waiting.forget(&instance_id);
        if let Err(newer) = store::check_engine_revision(&history) {
            // A newer host of the hub has begun it, and can go on with it.
            let error = newer.into_storage_error("load");
            effects.push(Effect::Notice(Notice::Unreadable { instance_id, error }));
            return;
        }
        inbox.set_taken_in(taken_in);
        if let Some(damage) = damage {
            // Of a damaged row the backend says why itself.
            let reason = row.held.unwrap_or_else(|| reasons::corrupt_history(&damage, now));
            self.hold(instance_id, token, inbox, reason, effects);
            return;
        }
        let component = pin(&row.state, &history, &inbox);
        let is_terminal = row.state.status.is_terminal();
        let fails_at = self.waiting.policy().fails_at(&row.state);
        if !history.is_empty() && !is_terminal {
            self.measures.replay.counted(history.len());
        }
        let is_replaced = row.state.status == RuntimeStatus::Pending
            && started(&history).is_some_and(|start| start.execution_id != row.state.execution_id);
        let awaits_start = is_replaced.then_some(row.state.execution_id);
        let folded = if history.is_empty() {
            Ok(Orchestration::new(instance_id.clone()))
        } else {
            Orchestration::load(instance_id.clone(), history, row.state.component, row.state.custom_status)
        };
        match folded {
            Ok(orchestration) => {
                let wake_at = row.wake_at;
                let warm = Box::new(Warm {
                    orchestration,
                    token,
                    wake_at,
                    prepares: 0,
                    fails_at,
                    refusal: None,
                    awaits_start,
                    is_unfinished,
                    ahead: None,
                });
                if is_unfinished && inbox.is_empty() {
                    inbox.add_work(Vec::new());
                }
                let phase = if is_terminal {
                    Phase::Idle(warm)
                } else {
                    effects.push(Effect::Prepare {
                        instance_id: instance_id.clone(),
                        orchestration: row.state.name,
                        component,
                    });
                    Phase::Preparing(warm)
                };
                self.put(instance_id, Slot { phase, inbox }, effects);
            }
            Err(error) => {
                let reason = reasons::corrupt_history(&error, now);
                self.hold(instance_id, token, inbox, reason, effects);
            }
        }
    }

    /// A guest can be started now, or not.
    pub(super) fn prepared(
        &mut self,
        instance_id: InstanceId,
        result: Result<(), Unprepared>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(slot) = self.slots.take(&instance_id) else { return };
        let Slot { phase: Phase::Preparing(mut warm), inbox } = slot else {
            self.put(instance_id, slot, effects);
            return;
        };
        match result {
            Ok(()) => self.put(instance_id, Slot { phase: Phase::Idle(warm), inbox }, effects),
            // To end it takes no guest.
            Err(_) if inbox.has_termination() => {
                self.put(instance_id, Slot { phase: Phase::Idle(warm), inbox }, effects);
            }
            Err(Unprepared::NotOffered { orchestration, why }) => match warm.fails_at {
                Some(at) if at <= now => {
                    warm.refusal = Some(Refusal { orchestration, why });
                    self.put(instance_id, Slot { phase: Phase::Idle(warm), inbox }, effects);
                }
                fails_at => {
                    self.waiting.note(&instance_id, &orchestration, fails_at);
                    let reason = reasons::not_offered(&why, fails_at, now);
                    self.hold(instance_id, warm.token, inbox, reason, effects);
                }
            },
            Err(Unprepared::Unavailable(why)) => {
                self.hold(instance_id, warm.token, inbox, reasons::unavailable(&why, now), effects);
            }
        }
    }

    /// A turn became durable, or not.
    pub(super) fn committed(
        &mut self,
        instance_id: InstanceId,
        result: Result<Token, CommitError>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(slot) = self.slots.take(&instance_id) else { return };
        let Slot { phase: Phase::Committing(committing), mut inbox } = slot else {
            self.put(instance_id, slot, effects);
            return;
        };
        let Committing { mut warm, commit, batch, release, attempt } = *committing;
        let error = match result {
            Ok(token) => {
                self.counters.commits += 1;
                log::committed(release.before, &commit);
                warm.token = token;
                warm.wake_at = commit.wake_at;
                let has_ended = release.is_terminal;
                self.settle(&instance_id, &batch, effects);
                if self.spans.are_on() {
                    self.tell(Told { commit: &commit, warm: &warm, release: &release, batch }, effects);
                }
                self.release(&instance_id, release, effects);
                if !has_ended || !inbox.is_empty() {
                    self.put(instance_id, Slot { phase: Phase::Idle(Box::new(warm)), inbox }, effects);
                }
                return;
            }
            Err(error) => error,
        };
        let outcome = match &error {
            CommitError::Storage(error) => error.outcome,
            // Stale, not owned, and whatever else a backend may learn to say: see below.
            _ => Outcome::Unknown,
        };
        match (error, outcome) {
            (CommitError::Stale { held, stored, .. }, _) => {
                self.counters.commits_stale += 1;
                inbox.put_back(batch);
                self.stale(instance_id, held, stored, inbox, effects);
            }
            (CommitError::NotOwned { .. }, _) => {
                inbox.put_back(batch);
                self.not_owned(instance_id, inbox, effects);
            }
            (CommitError::Storage(error), Outcome::Permanent) => {
                self.counters.commits_refused += 1;
                inbox.put_back(batch);
                self.hold(instance_id, warm.token, inbox, reasons::storage(&error, now), effects);
            }
            (error, Outcome::NotDone) if attempt + 1 < limits::COMMIT_ATTEMPTS_MAX => {
                self.counters.commits_not_done += 1;
                storage_failed(&instance_id, error, effects);
                let attempt = attempt + 1;
                effects.push(Effect::Commit { commit: Box::new(commit.clone()), attempt });
                let committing = Committing { warm, commit, batch, release, attempt };
                self.put(instance_id, Slot { phase: Phase::Committing(Box::new(committing)), inbox }, effects);
            }
            (error, _) => {
                self.counters.commits_unknown += u64::from(outcome == Outcome::Unknown);
                self.counters.commits_not_done += u64::from(outcome == Outcome::NotDone);
                storage_failed(&instance_id, error, effects);
                inbox.put_back(batch);
                // What is stored decides. The engine recognises the messages it has taken in already.
                self.load(instance_id, inbox, 1, effects);
            }
        }
    }

    /// An instance was held, or not.
    pub(super) fn held(
        &mut self,
        instance_id: InstanceId,
        result: Result<Token, CommitError>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(slot) = self.slots.take(&instance_id) else { return };
        let Slot { phase: Phase::Holding { token, reason, attempt }, inbox } = slot else {
            self.put(instance_id, slot, effects);
            return;
        };
        let broken = self.broken.take(&instance_id);
        match result {
            Ok(_) => {
                self.counters.held += 1;
                // What is in hand may be forgotten: the release hands everything out again.
                effects.push(Effect::Notice(Notice::Held { instance_id, reason }));
            }
            Err(CommitError::Storage(error)) => {
                let attempt = attempt + 1;
                let is_tried_again = error.is_transient() && !self.is_draining;
                if let (true, Some(breakage)) = (is_tried_again, broken) {
                    self.broken.note(instance_id.clone(), breakage);
                }
                if is_tried_again && attempt < limits::HOLD_ATTEMPTS_MAX {
                    effects.push(Effect::Notice(Notice::StorageFailed { instance_id: instance_id.clone(), error }));
                    effects.push(Effect::Hold {
                        instance_id: instance_id.clone(),
                        token: token.clone(),
                        reason: reason.clone(),
                        attempt,
                    });
                    self.put(instance_id, Slot { phase: Phase::Holding { token, reason, attempt }, inbox }, effects);
                } else if is_tried_again {
                    // Nothing but a read tells when storage is back, and then the reason is found again.
                    effects.push(Effect::Notice(Notice::StorageFailed { instance_id: instance_id.clone(), error }));
                    self.load(instance_id, inbox, 1, effects);
                } else {
                    effects.push(Effect::Notice(Notice::HoldFailed { instance_id, reason, error }));
                }
            }
            Err(CommitError::Stale { held, stored, .. }) => self.stale(instance_id, held, stored, inbox, effects),
            Err(CommitError::NotOwned { .. }) => self.not_owned(instance_id, inbox, effects),
            // An answer of a later version of the contract: the backend knows best who should have the messages.
            Err(_) => effects.push(Effect::Abandon(inbox.into_work(instance_id))),
        }
    }

    /// Forgets the attempts whose results came as messages, and are recorded now: they were run by whoever had room.
    ///
    /// Not earlier: until then, a load would have the engine name them as open.
    fn settle(&mut self, instance_id: &InstanceId, batch: &Inbox, effects: &mut Vec<Effect>) {
        for key in batch.stored().filter_map(|message| ActivityKey::of_result(instance_id, message)) {
            if self.in_flight.remove(&key) {
                // It may run here as well, if it was offered twice.
                effects.push(Effect::CancelActivity(key));
            }
        }
    }

    /// Drops an instance that somebody else moved on. The backend knows who should have its messages, and, when that is
    /// still this host, wakes it up for the activity results that are dropped here.
    fn stale(
        &mut self,
        instance_id: InstanceId,
        held: Token,
        stored: Option<Token>,
        inbox: Inbox,
        effects: &mut Vec<Effect>,
    ) {
        self.waiting.forget(&instance_id);
        self.counters.split_brains += 1;
        effects.push(Effect::Notice(Notice::SplitBrainDetected { instance_id: instance_id.clone(), held, stored }));
        effects.push(Effect::Abandon(inbox.into_work(instance_id)));
    }

    /// Forgets an instance that moved to another host in good order, or away and back. Its next owner runs its open
    /// activities: no result of ours could be recorded. Messages that came after it was back are this host's, and are
    /// handed out again; of the others the backend knows nothing any more.
    fn not_owned(&mut self, instance_id: InstanceId, inbox: Inbox, effects: &mut Vec<Effect>) {
        self.waiting.forget(&instance_id);
        self.counters.commits_not_owned += 1;
        effects.extend(self.in_flight.take_all(&instance_id).into_iter().map(Effect::CancelActivity));
        if inbox.stored().next().is_some() {
            effects.push(Effect::Abandon(inbox.into_work(instance_id.clone())));
        }
        effects.push(Effect::Notice(Notice::NotOwned { instance_id }));
    }

    /// Tells of what a durable turn has brought to its end: executions, their timers, and attempts of activities.
    fn tell(&self, told: Told<'_>, effects: &mut Vec<Effect>) {
        let Told { commit, warm, release, batch } = told;
        effects.extend(batch.into_spans().map(Effect::Tell));
        let mut spans: Vec<Span> = Vec::new();
        for replaced in &release.replaced {
            spans.extend(spans::of_replaced(&self.spans, &commit.instance_id, replaced));
        }
        if release.is_terminal {
            let history = warm.orchestration.history();
            let stored = history.len().saturating_sub(commit.history.events().len());
            spans.extend(spans::of_execution(&self.spans, &commit.instance_id, history, stored));
        }
        effects.extend(spans.into_iter().map(|span| Effect::Tell(Box::new(span))));
    }

    pub(super) fn load(&mut self, instance_id: InstanceId, inbox: Inbox, attempt: u32, effects: &mut Vec<Effect>) {
        effects.push(Effect::Load { instance_id: instance_id.clone(), attempt });
        self.put(instance_id, Slot { phase: Phase::Loading { attempt }, inbox }, effects);
    }
}

/// A turn that is durable.
struct Told<'a> {
    commit: &'a TurnCommit,
    warm: &'a Warm,
    release: &'a Release,
    batch: Inbox,
}

fn storage_failed(instance_id: &InstanceId, error: CommitError, effects: &mut Vec<Effect>) {
    if let CommitError::Storage(error) = error {
        effects.push(Effect::Notice(Notice::StorageFailed { instance_id: instance_id.clone(), error }));
    }
}

/// The component an instance will ask for: its pin, else what its starter asked for.
fn pin(state: &InstanceState, history: &[HistoryEvent], inbox: &Inbox) -> Option<Digest> {
    // The stored history of an id that is used again is still that of the instance before.
    let asked = |start: &ExecutionStarted| (start.execution_id == state.execution_id).then_some(start.component);
    let recorded = || started(history).and_then(asked);
    let sent = || {
        inbox.stored().find_map(|message| match message {
            Message::Start(start) => asked(start),
            _ => None,
        })
    };
    state.component.or_else(|| recorded().or_else(sent).flatten())
}

/// How the execution of a history began.
fn started(history: &[HistoryEvent]) -> Option<&ExecutionStarted> {
    history.iter().find_map(|event| match &event.kind {
        EventKind::ExecutionStarted(start) => Some(&**start),
        _ => None,
    })
}
