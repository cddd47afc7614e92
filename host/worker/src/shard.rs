//! What a shard decides: inputs in, effects out.
//!
//! Pure and synchronous but for the guests it runs: no clock, no I/O, no randomness, and no iteration order that could
//! differ from run to run. `shard_loop` carries the effects out; a simulator may do so as well.
//!
//! Call [`Shard::handle`] for everything that has happened, then [`Shard::run_next`] until it answers false. What is
//! handled together before a turn enters that turn together: so the completions of a fan-out share a commit.

mod ahead;
mod effect;
mod guests;
mod in_flight;
mod inbox;
mod log;
mod panics;
mod reasons;
mod slot;
mod slots;
mod storage;
mod turn;

pub use effect::{ActivityKey, Effect, Input, Notice};

use std::fmt;
use std::sync::Arc;

use engine::{EngineRevision, GuestSource, InstanceId, Timestamp};
use store::WorkItem;

use self::in_flight::InFlight;
use self::inbox::Inbox;
use self::panics::Broken;
use self::slot::{Phase, Slot};
use self::slots::Slots;
use crate::measures::Measures;
use crate::{Spans, Stats, WaitingList, limits};

/// How much one shard may have in hand.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Memory for warm guests.
    pub warm_bytes_max: usize,
    /// Warm guests, however small they are.
    pub warm_max: usize,
    /// Instances loading, running or committing, above which the shard takes no new work.
    pub busy_max: usize,
}

/// The instances that one thread owns.
pub struct Shard {
    config: Config,
    guests: Box<dyn GuestSource>,
    slots: Slots,
    in_flight: InFlight,
    broken: Broken,
    is_draining: bool,
    counters: Stats,
    measures: Arc<Measures>,
    spans: Spans,
    waiting: WaitingList,
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shard").field("slots", &self.slots).field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

impl Shard {
    /// Without any instance yet.
    pub fn new(config: Config, guests: Box<dyn GuestSource>) -> Self {
        Self {
            config,
            guests,
            slots: Slots::default(),
            in_flight: InFlight::default(),
            broken: Broken::default(),
            is_draining: false,
            counters: Stats::default(),
            measures: Arc::default(),
            spans: Spans::default(),
            waiting: WaitingList::default(),
        }
    }

    /// The same, measuring where others can read it.
    pub(crate) fn measured_in(self, measures: Arc<Measures>) -> Self {
        Self { measures, ..self }
    }

    /// The same, telling of what took time. It only asks here what is wanted; to tell is an effect.
    #[must_use]
    pub fn telling(self, spans: Spans) -> Self {
        Self { spans, ..self }
    }

    /// The same, noting where others can read it which instances wait for an orchestration that nobody offers; they wait
    /// for as long as that list says.
    #[must_use]
    pub fn noting(self, waiting: WaitingList) -> Self {
        Self { waiting, ..self }
    }

    /// Takes note of something; no guest runs. What it leads to is pushed to `effects`.
    pub fn handle(&mut self, input: Input, now: Timestamp, effects: &mut Vec<Effect>) {
        let instance_id = input.instance_id().cloned();
        self.contained(instance_id, effects, |shard, effects| shard.take_in(input, now, effects));
        self.contained(None, effects, |shard, _| shard.evict());
    }

    fn take_in(&mut self, input: Input, now: Timestamp, effects: &mut Vec<Effect>) {
        match input {
            Input::Work(work) => self.work(work, now, effects),
            Input::Loaded { instance_id, result } => self.loaded(instance_id, result, now, effects),
            Input::Prepared { instance_id, result } => self.prepared(instance_id, result, now, effects),
            Input::Committed { instance_id, result } => self.committed(instance_id, result, now, effects),
            Input::Held { instance_id, result } => self.held(instance_id, result, effects),
            Input::ActivityDone { key, result, span } => {
                // Otherwise it was canceled while its result was on the way.
                if self.in_flight.remove(&key) {
                    let message = key.message(result);
                    self.deliver(key.instance_id, |inbox| inbox.add_result(message, span), now, effects);
                }
            }
            Input::Drain => self.drain(effects),
        }
    }

    /// Runs a turn of the instance that has waited for longest; false when there is none. Guest code runs in here.
    ///
    /// `newest`: the engine revision that executions get which begin in it; see [`store::WorkSource::engine_revision`].
    pub fn run_next(&mut self, now: Timestamp, newest: EngineRevision, effects: &mut Vec<Effect>) -> bool {
        let Some((instance_id, slot)) = self.slots.take_runnable() else { return false };
        let about = Some(instance_id.clone());
        let at = (now, newest);
        self.contained(about, effects, |shard, effects| shard.run_turn(instance_id, slot, at, effects));
        self.contained(None, effects, |shard, _| shard.evict());
        true
    }

    /// Whether [`Shard::run_next`] may have something to do.
    pub fn has_runnable(&self) -> bool {
        self.slots.has_runnable()
    }

    /// Whether it can take more work; results and answers it always takes.
    pub fn has_room(&self) -> bool {
        self.slots.busy() < self.config.busy_max && self.slots.messages() < limits::SHARD_MESSAGES_IN_HAND_MAX
    }

    /// Whether nothing is in hand any more after [`Input::Drain`].
    pub fn is_drained(&self) -> bool {
        self.is_draining && self.slots.is_empty()
    }

    /// What it has done and has in hand.
    pub fn stats(&self) -> Stats {
        Stats {
            activities_in_flight: self.in_flight.len(),
            instances_warm: self.slots.warm(),
            instances_busy: self.slots.busy(),
            warm_bytes: self.slots.warm_bytes(),
            messages_in_hand: self.slots.messages(),
            waits_since: self.slots.waits_since(),
            ..self.counters
        }
    }

    fn work(&mut self, work: WorkItem, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.is_draining {
            effects.push(Effect::Abandon(work));
            return;
        }
        self.deliver(work.instance_id, |inbox| inbox.add_work(work.messages), now, effects);
    }

    /// Adds to an instance's inbox, and begins to load the instance if it is not in hand.
    fn deliver(
        &mut self,
        instance_id: InstanceId,
        add: impl FnOnce(&mut Inbox),
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let mut slot = if let Some(slot) = self.slots.take(&instance_id) {
            if matches!(slot.phase, Phase::Idle(_) | Phase::Committing(_)) {
                self.counters.warm_hits += 1;
            }
            slot
        } else {
            self.counters.cold_loads += 1;
            effects.push(Effect::Load { instance_id: instance_id.clone(), attempt: 0 });
            Slot::loading()
        };
        add(&mut slot.inbox);
        slot.inbox.waits_from(now);
        self.put(instance_id, slot, effects);
    }

    /// Keeps a slot, or, when draining, gives it back unless that would lose something.
    fn put(&mut self, instance_id: InstanceId, slot: Slot, effects: &mut Vec<Effect>) {
        let can_be_given_back = match &slot.phase {
            // What it has run through is committed by its next turn.
            Phase::Idle(warm) if warm.ahead.is_some() => false,
            Phase::Loading { .. } | Phase::Preparing(_) | Phase::Idle(_) => !slot.inbox.has_results(),
            Phase::Committing(_) | Phase::Holding { .. } => false,
        };
        if self.is_draining && can_be_given_back {
            if !slot.inbox.is_empty() {
                effects.push(Effect::Abandon(slot.inbox.into_work(instance_id)));
            }
        } else {
            self.slots.put(instance_id, slot);
        }
    }

    fn drain(&mut self, effects: &mut Vec<Effect>) {
        self.is_draining = true;
        for instance_id in self.slots.ids() {
            if let Some(slot) = self.slots.take(&instance_id) {
                self.put(instance_id, slot, effects);
            }
        }
    }

    /// Drops what has been idle for longest until the warm guests fit. Nothing is lost: the next load rebuilds it.
    fn evict(&mut self) {
        let Config { warm_bytes_max, warm_max, .. } = self.config;
        let is_full = |slots: &Slots| slots.warm_bytes() > warm_bytes_max || slots.warm() > warm_max;
        while is_full(&self.slots) && self.slots.take_idlest().is_some() {
            self.counters.evictions += 1;
        }
    }
}
