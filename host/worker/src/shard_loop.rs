//! Carries out what a shard decides: one thread, one shard.

mod perform;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine::{Digest, Execution, Guest, GuestError, GuestSource};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use measure::Timing;
use store::{Clock, WorkItem, panic_text};
use tokio::sync::{mpsc, watch};

pub(crate) use self::perform::{Performer, lost};
use crate::activities::Done;
use crate::shard::{Effect, Input, Shard};
use crate::stats::Monitor;
use crate::{Runtime, fields, limits};

/// What the owner of a shard wants of it. A dropped sender means: stop at once, as in a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    Run,
    Drain,
}

/// The pending answers to effects; none for effects without an answer.
type Pending = FuturesUnordered<Pin<Box<dyn Future<Output = Option<Input>>>>>;

/// A shard and all that it hears.
pub(crate) struct ShardLoop {
    pub(crate) index: usize,
    pub(crate) shard: Shard,
    pub(crate) performer: Performer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) work: mpsc::Receiver<WorkItem>,
    pub(crate) results: mpsc::Receiver<Done>,
    pub(crate) control: watch::Receiver<Control>,
    pub(crate) monitor: Monitor,
}

/// Something happened.
enum Wake {
    Input(Input),
    /// An effect without an answer is done.
    Quiet,
    Control(Control),
    Crash,
}

impl ShardLoop {
    /// Runs until it has drained or its owner is gone.
    pub(crate) async fn run(mut self) {
        let mut pending = Pending::new();
        let mut effects = Vec::new();
        loop {
            self.publish();
            match self.next(&mut pending).await {
                Wake::Input(input) => self.shard.handle(input, self.clock.now(), &mut effects),
                Wake::Quiet | Wake::Control(Control::Run) => {}
                Wake::Control(Control::Drain) => break,
                Wake::Crash => return,
            }
            self.take_ready(&mut pending, &mut effects);
            self.turn(&mut pending, &mut effects).await;
        }
        // What hangs longer than this has an unknown outcome, as after a crash.
        if tokio::time::timeout(limits::DRAIN_MAX, self.drain(&mut pending, &mut effects)).await.is_err() {
            tracing::warn!(
                { fields::SHARD } = self.index,
                "storage did not answer during the shutdown; its outcome is unknown"
            );
        }
        self.publish();
    }

    /// Waits for the next thing to happen. With turns to run it only looks.
    async fn next(&mut self, pending: &mut Pending) -> Wake {
        tokio::select! {
            biased;
            changed = self.control.changed() => match changed {
                Ok(()) => Wake::Control(*self.control.borrow_and_update()),
                Err(_) => Wake::Crash,
            },
            Some(answer) = pending.next() => answer.map_or(Wake::Quiet, Wake::Input),
            Some(done) = self.results.recv() => Wake::Input(done.into()),
            Some(work) = self.work.recv(), if self.shard.has_room() => Wake::Input(self.taken(work)),
            () = tokio::task::yield_now(), if self.shard.has_runnable() => Wake::Quiet,
            else => Wake::Crash,
        }
    }

    /// Takes in what else has happened already, so that it enters the same turns.
    fn take_ready(&mut self, pending: &mut Pending, effects: &mut Vec<Effect>) {
        for _ in 0..limits::INPUTS_PER_BATCH_MAX {
            let input = if let Some(Some(answer)) = pending.next().now_or_never() {
                let Some(input) = answer else { continue };
                input
            } else if let Ok(done) = self.results.try_recv() {
                done.into()
            } else if self.shard.has_room()
                && let Ok(work) = self.work.try_recv()
            {
                self.taken(work)
            } else {
                return;
            };
            self.shard.handle(input, self.clock.now(), effects);
        }
    }

    /// Runs one turn, if any waits, and begins what was decided, before the next turn keeps the thread busy.
    async fn turn(&mut self, pending: &mut Pending, effects: &mut Vec<Effect>) {
        self.begin(pending, effects);
        let timing = Timing::begin();
        if self.shard.run_next(self.clock.now(), self.performer.source.engine_revision(), effects) {
            timing.end(&self.performer.measures.turn);
            self.begin(pending, effects);
            // Lets tokio refill what `now_or_never` may poll in one go.
            tokio::task::yield_now().await;
        }
    }

    fn begin(&mut self, pending: &mut Pending, effects: &mut Vec<Effect>) {
        // A shard loads an instance again that a panic has broken, a few times at most.
        while !effects.is_empty() {
            for effect in std::mem::take(effects) {
                let waiting = effect.waiting().cloned();
                match catch_unwind(AssertUnwindSafe(|| self.performer.begin(effect))) {
                    Ok(Some(answer)) => pending.push(answer),
                    Ok(None) => {}
                    Err(panic) => self.shard.panicked_outside(waiting, panic_text(&*panic).to_owned(), effects),
                }
            }
        }
    }

    /// Takes in what activities have yielded, gives back what has not begun, and waits for what has.
    async fn drain(&mut self, pending: &mut Pending, effects: &mut Vec<Effect>) {
        while let Ok(done) = self.results.try_recv() {
            self.shard.handle(done.into(), self.clock.now(), effects);
        }
        self.shard.handle(Input::Drain, self.clock.now(), effects);
        self.work.close();
        while let Ok(work) = self.work.try_recv() {
            let work = self.taken(work);
            self.shard.handle(work, self.clock.now(), effects);
        }
        loop {
            self.turn(pending, effects).await;
            if self.shard.has_runnable() {
                continue;
            }
            let Some(answer) = pending.next().await else { return };
            if let Some(input) = answer {
                self.shard.handle(input, self.clock.now(), effects);
            }
        }
    }

    /// A work item that is no longer in front of the shard.
    fn taken(&self, work: WorkItem) -> Input {
        self.monitor.shards[self.index].inbox_depth.fetch_sub(1, Ordering::Relaxed);
        Input::Work(work)
    }

    fn publish(&self) {
        self.monitor.shards[self.index].publish(self.shard.stats());
    }
}

/// The runtime as the engine wants it.
pub(crate) struct RuntimeGuests(pub(crate) Arc<dyn Runtime>);

impl GuestSource for RuntimeGuests {
    fn start(
        &mut self,
        execution: &Execution,
        component: Option<Digest>,
    ) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        self.0.start(execution, component)
    }
}
