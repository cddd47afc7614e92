//! A modelled host: the real plan and the real book, around requests that take time.

use std::collections::BTreeMap;
use std::time::Duration;

use azure::ETag;
use engine::{EngineRevision, Timestamp};
use fastrand::Rng;
use tokio::time::Instant;

use super::{TERMS, Table};
use crate::partitions::Hold;
use crate::partitions::book::{Book, News};
use crate::partitions::plan::{self, Step, View};
use crate::partitions::row::LeaseRow;

const PASS_MAX: u64 = 2_000;
/// Any day.
const EPOCH: i64 = 1_700_000_000_000;

pub(super) struct Host {
    pub(super) id: String,
    pub(super) book: Book,
    skew_ms: i64,
    /// It does nothing before, and does not know.
    frozen_until: u64,
    phase: Phase,
    /// Writes that it no longer waits for, and that arrive nevertheless.
    strays: Vec<Flight>,
    /// When it will have nothing in hand of a draining partition.
    drained_at: BTreeMap<u8, u64>,
}

enum Phase {
    Waiting {
        until: u64,
    },
    /// The rows were read, the answer is on its way.
    Reading {
        rows: BTreeMap<u8, (LeaseRow, ETag)>,
        until: u64,
        gives_up_at: u64,
    },
    Sending {
        flights: Vec<Flight>,
        started: Instant,
        gives_up_at: u64,
        is_moving: bool,
    },
}

/// A write on its way.
struct Flight {
    step: Step,
    /// None: it got lost, or has arrived.
    arrives_at: Option<u64>,
    /// None: the answer gets lost, or is not decided yet.
    answered_at: Option<u64>,
    has_succeeded: bool,
    is_done: bool,
}

impl Host {
    pub(super) fn new(id: String, skew_ms: i64, now: u64) -> Self {
        let phase = Phase::Waiting { until: now };
        Self {
            id,
            book: Book::new(TERMS),
            skew_ms,
            frozen_until: 0,
            phase,
            strays: Vec::new(),
            drained_at: BTreeMap::new(),
        }
    }

    pub(super) fn thaw(&mut self) {
        self.frozen_until = 0;
    }

    /// What was sent arrives, by `now`.
    pub(super) fn land(&mut self, table: &mut Table, now: u64) {
        let flights = match &mut self.phase {
            Phase::Sending { flights, .. } => flights.as_mut_slice(),
            Phase::Waiting { .. } | Phase::Reading { .. } => &mut [],
        };
        let under_way = flights.iter_mut().chain(&mut self.strays);
        for flight in under_way.filter(|flight| flight.arrives_at.is_some_and(|at| at <= now)) {
            flight.arrives_at = None;
            flight.has_succeeded = table.replace(flight.step.partition, flight.step.row.clone(), &flight.step.etag);
        }
    }

    pub(super) fn leave(mut self, table: &mut Table) {
        self.land(table, u64::MAX);
        let rows = self.book.look(table.read(), Instant::now());
        let held = BTreeMap::new();
        for step in plan::leave(&view(&self.id, Timestamp::default(), &rows, &held)) {
            assert!(table.replace(step.partition, step.row, &step.etag));
        }
    }

    pub(super) fn tick(&mut self, rng: &mut Rng, table: &mut Table, base: Instant, now: u64, has_faults: bool) {
        let instant = base + Duration::from_millis(now);
        // The service does not stop when the host does.
        self.land(table, now);
        if now < self.frozen_until {
            return;
        }
        if has_faults && rng.u32(..4_000) == 0 {
            self.frozen_until = now + rng.u64(..90_000);
            return;
        }
        self.book.fence(instant);
        self.drain(rng, now);
        let phase = std::mem::replace(&mut self.phase, Phase::Waiting { until: now });
        self.phase = match phase {
            Phase::Waiting { until } if now < until => Phase::Waiting { until },
            Phase::Waiting { .. } => {
                let until = now + latency(rng, has_faults);
                Phase::Reading { rows: table.read(), until, gives_up_at: now + PASS_MAX }
            }
            // An answer that has come is taken even if it is late.
            Phase::Reading { rows, until, gives_up_at } if now >= until => {
                self.act(rng, rows, base, now, gives_up_at, has_faults)
            }
            Phase::Reading { gives_up_at, .. } if now >= gives_up_at => {
                Phase::Waiting { until: now + rng.u64(..5_000) }
            }
            reading @ Phase::Reading { .. } => reading,
            Phase::Sending { flights, started, gives_up_at, is_moving } => {
                self.listen(rng, flights, started, now, gives_up_at, is_moving)
            }
        };
    }

    fn act(
        &mut self,
        rng: &mut Rng,
        rows: BTreeMap<u8, (LeaseRow, ETag)>,
        base: Instant,
        now: u64,
        gives_up_at: u64,
        has_faults: bool,
    ) -> Phase {
        let started = base + Duration::from_millis(now);
        let rows = self.book.look(rows, started);
        let held = self.book.grips(started);
        let wall = EPOCH.saturating_add_unsigned(now) + self.skew_ms;
        let wall = Timestamp::from_millis(u64::try_from(wall).unwrap());
        let plan = plan::plan(&view(&self.id, wall, &rows, &held));
        for partition in plan.lost {
            self.book.drop(partition, News::Lost);
        }
        let flights = plan.steps.into_iter().map(|step| {
            self.book.sending(&step);
            let arrives_at = now + latency(rng, has_faults);
            let (is_sent, is_answered) = (!has_faults || rng.u8(..20) > 0, !has_faults || rng.u8(..20) > 0);
            Flight {
                step,
                arrives_at: is_sent.then_some(arrives_at),
                answered_at: (is_sent && is_answered).then(|| arrives_at + latency(rng, has_faults)),
                has_succeeded: false,
                is_done: false,
            }
        });
        Phase::Sending { flights: flights.collect(), started, gives_up_at, is_moving: plan.is_moving }
    }

    fn listen(
        &mut self,
        rng: &mut Rng,
        mut flights: Vec<Flight>,
        started: Instant,
        now: u64,
        gives_up_at: u64,
        is_moving: bool,
    ) -> Phase {
        for flight in &mut flights {
            if !flight.is_done && flight.answered_at.is_some_and(|at| at <= now) {
                flight.is_done = true;
                if flight.has_succeeded {
                    self.book.sent(&flight.step, started);
                }
            }
        }
        if flights.iter().all(|flight| flight.is_done) {
            let has_conflict = flights.iter().any(|flight| !flight.has_succeeded);
            let longest = if has_conflict {
                100
            } else if is_moving {
                1_000
            } else {
                10_000
            };
            return Phase::Waiting { until: now + rng.u64(longest * 9 / 10..=longest) };
        }
        if now >= gives_up_at {
            self.strays.extend(flights);
            return Phase::Waiting { until: now + rng.u64(..5_000) };
        }
        Phase::Sending { flights, started, gives_up_at, is_moving }
    }

    /// The dispatcher: some partitions take longer to drain than they may.
    fn drain(&mut self, rng: &mut Rng, now: u64) {
        let state = self.book.state();
        self.drained_at.retain(|partition, _| state.get(partition) == Some(&Hold::Draining));
        for partition in state.into_iter().filter(|(_, hold)| *hold == Hold::Draining).map(|(partition, _)| partition) {
            let at = *self.drained_at.entry(partition).or_insert_with(|| now + rng.u64(..15_000));
            if now >= at {
                self.book.drained(partition);
            }
        }
    }
}

fn latency(rng: &mut Rng, has_faults: bool) -> u64 {
    if has_faults && rng.u8(..10) == 0 { rng.u64(..10_000) } else { rng.u64(..300) }
}

fn view<'a>(
    me: &'a str,
    now: Timestamp,
    rows: &'a BTreeMap<u8, plan::Seen>,
    held: &'a BTreeMap<u8, plan::Grip>,
) -> View<'a> {
    View {
        me,
        revision: EngineRevision::NEWEST,
        now,
        interval: TERMS.interval,
        renew_every: TERMS.renew_every,
        rows,
        held,
    }
}
