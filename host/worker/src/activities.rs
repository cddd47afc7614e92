//! Runs activities, where the orchestration that scheduled them runs.

mod desk;
mod queue;
mod sharing;

use std::sync::Arc;
use std::time::Duration;

use engine::{ActivityTask, Digest, Failure, Payload};
use store::{ActivityQueue, Clock};
use tokio::sync::{mpsc, watch};

use self::desk::Desk;
use self::queue::{Job, Origin};
use self::sharing::{Errand, Sharing};
use crate::shard::{ActivityKey, Input};
use crate::stats::ActivityGauge;
use crate::{Options, Runtime, Span};

/// How an attempt ended.
#[derive(Debug)]
pub(crate) struct Done {
    key: ActivityKey,
    result: Result<Option<Payload>, Failure>,
    span: Option<Box<Span>>,
}

impl From<Done> for Input {
    fn from(Done { key, result, span }: Done) -> Self {
        Self::ActivityDone { key, result, span }
    }
}

/// Hands activities in, for one shard.
#[derive(Clone)]
pub(crate) struct ActivityHandle {
    shard: usize,
    desk: Arc<Desk>,
}

impl ActivityHandle {
    /// Runs an attempt as soon as there is capacity, here or, if the backend passes activities on, elsewhere. After a
    /// shutdown has begun it is not run any more: the history still says that it is open.
    pub(crate) fn run(&self, task: ActivityTask, component: Option<Digest>) {
        self.desk.hand_in(Job { task, component, origin: Origin::Shard(self.shard) });
    }

    /// Interrupts an attempt if it has not ended.
    pub(crate) fn cancel(&self, key: ActivityKey) {
        self.desk.cancel(key);
    }
}

/// The service: shares attempts with other hosts, if the backend passes them on, and ends what runs.
pub(crate) struct Activities {
    desk: Arc<Desk>,
    /// None: the backend does not pass activities on.
    sharing: Option<Sharing>,
}

impl Activities {
    /// The service and one handle for each of `results`. Attempts run where `options` say.
    pub(crate) fn new(
        options: &Options,
        runtime: Arc<dyn Runtime>,
        results: Vec<mpsc::Sender<Done>>,
        shared: Option<Arc<dyn ActivityQueue>>,
        gauge: Arc<ActivityGauge>,
        clock: Arc<dyn Clock>,
    ) -> (Self, Vec<ActivityHandle>) {
        let waiting_max = options.activities_waiting_max.unwrap_or(options.activities_max);
        let sharing = shared.clone().map(|shared| Sharing::new(shared, waiting_max, Arc::clone(&gauge)));
        let shards = 0..results.len();
        let desk = Arc::new(Desk::new(options, runtime, results, shared, gauge, clock));
        let handles = shards.map(|shard| ActivityHandle { shard, desk: Arc::clone(&desk) }).collect();
        (Self { desk, sharing }, handles)
    }

    /// Runs until `stop` says so, then gives what runs `grace` to end, and gives back what was taken. Dropping the
    /// sender of `stop` interrupts everything at once.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>, grace: Duration) {
        let is_graceful = loop {
            self.attend(true);
            tokio::select! {
                biased;
                changed = stop.changed() => break changed.is_ok(),
                errand = returned(&mut self.sharing) => self.returned(errand),
                () = self.desk.service.notified() => {}
            }
        };
        self.desk.close();
        if is_graceful {
            if let Some(sharing) = &mut self.sharing {
                self.desk.settle(|book| sharing.stop(&mut book.queue));
            }
            // What times out here is interrupted below, and run again after the restart.
            let _ = tokio::time::timeout(grace, self.finish()).await;
        }
        self.desk.interrupt_all();
        self.desk.emptied().await;
        if is_graceful && let Some(sharing) = self.sharing {
            sharing.give_back_all().await;
        }
    }

    /// Waits for what runs, and for what is on its way to other hosts.
    async fn finish(&mut self) {
        loop {
            self.attend(false);
            let is_empty = self.desk.is_empty();
            if is_empty && !self.sharing.as_ref().is_some_and(Sharing::is_offering) {
                return;
            }
            tokio::select! {
                biased;
                () = self.desk.emptied(), if !is_empty => {}
                errand = returned(&mut self.sharing) => self.returned(errand),
                () = self.desk.service.notified() => {}
            }
        }
    }

    /// Does what sharing has to do after a change of what waits and runs; with `balance`, also offers and takes.
    fn attend(&mut self, balance: bool) {
        let Some(sharing) = &mut self.sharing else { return };
        self.desk.settle(|book| {
            for id in std::mem::take(&mut book.taken_that_left) {
                sharing.finished(id);
            }
            for key in std::mem::take(&mut book.canceled_elsewhere) {
                // It may have come back by now.
                if !sharing.cancel(&key) {
                    book.cancel(&key);
                }
            }
            if balance {
                sharing.balance(&mut book.queue);
            }
        });
    }

    fn returned(&mut self, errand: Errand) {
        if let Some(sharing) = &mut self.sharing {
            self.desk.change(|book| sharing.returned(errand, &mut book.queue));
        }
    }
}

/// Waits for an errand of the sharing to come back; forever if nothing is shared.
async fn returned(sharing: &mut Option<Sharing>) -> Errand {
    match sharing {
        Some(sharing) => sharing.next().await,
        None => std::future::pending().await,
    }
}
