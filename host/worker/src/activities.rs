//! Runs activities, where the orchestration that scheduled them runs.

mod queue;
mod sharing;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::{ActivityTask, Digest, Failure, Payload, kind};
use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, abortable};
use store::{ActivityQueue, TakenId};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use self::queue::{Job, JobId, Origin, Queue};
use self::sharing::{Errand, Sharing};
use crate::shard::ActivityKey;
use crate::stats::ActivityGauge;
use crate::{Options, Runtime, fields};

/// How an attempt ended.
pub(crate) type ActivityResult = (ActivityKey, Result<Option<Payload>, Failure>);

/// What a shard asks of the service.
#[derive(Debug)]
enum Command {
    Run(Box<Job>),
    Cancel(ActivityKey),
}

/// Hands activities to the service, for one shard.
#[derive(Debug, Clone)]
pub(crate) struct ActivityHandle {
    shard: usize,
    /// Unbounded so that a shard never waits; its contents are bounded by what histories have scheduled, see [`Queue`].
    commands: mpsc::UnboundedSender<Command>,
}

impl ActivityHandle {
    /// Runs an attempt as soon as there is capacity, here or, if the backend passes activities on, elsewhere. After a shutdown has begun it is not run any more.
    pub(crate) fn run(&self, task: ActivityTask, component: Option<Digest>) {
        // A closed channel means that the service has stopped; the history still says that the attempt is open.
        let _ = self.commands.send(Command::Run(Box::new(Job { task, component, origin: Origin::Shard(self.shard) })));
    }

    /// Interrupts an attempt if it has not ended.
    pub(crate) fn cancel(&self, key: ActivityKey) {
        let _ = self.commands.send(Command::Cancel(key));
    }
}

/// The service: one loop that owns the queue, and a tokio task for every running attempt.
pub(crate) struct Activities {
    runtime: Arc<dyn Runtime>,
    commands: mpsc::UnboundedReceiver<Command>,
    /// One for each shard. A full channel keeps an attempt's place occupied until its shard has time.
    results: Vec<mpsc::Sender<ActivityResult>>,
    gauge: Arc<ActivityGauge>,
    queue: Queue,
    /// None: the backend does not pass activities on.
    sharing: Option<Sharing>,
    running: JoinSet<Ended>,
    /// What can interrupt an attempt. The number tells an attempt from a later one of the same key.
    interrupts: HashMap<ActivityKey, (u64, AbortHandle)>,
    begun: u64,
}

/// An attempt's place is free again.
struct Ended {
    key: ActivityKey,
    number: u64,
    name: String,
    taken: Option<TakenId>,
}

impl Activities {
    /// The service and one handle for each of `results`.
    pub(crate) fn new(
        options: &Options,
        runtime: Arc<dyn Runtime>,
        results: Vec<mpsc::Sender<ActivityResult>>,
        shared: Option<Arc<dyn ActivityQueue>>,
        gauge: Arc<ActivityGauge>,
    ) -> (Self, Vec<ActivityHandle>) {
        let (sender, commands) = mpsc::unbounded_channel();
        let handles = (0..results.len()).map(|shard| ActivityHandle { shard, commands: sender.clone() }).collect();
        let waiting_max = options.activities_waiting_max.unwrap_or(options.activities_max);
        let sharing = shared.map(|shared| Sharing::new(shared, waiting_max, Arc::clone(&gauge)));
        let service = Self {
            runtime,
            commands,
            results,
            gauge,
            queue: Queue::new(options.activities_max, options.activities_per_name_max),
            sharing,
            running: JoinSet::new(),
            interrupts: HashMap::new(),
            begun: 0,
        };
        (service, handles)
    }

    /// Runs until `stop` says so, then gives what runs `grace` to end, and gives back what was taken. Dropping the
    /// future, or the sender of `stop`, interrupts everything at once.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>, grace: Duration) {
        let is_graceful = loop {
            while let Some(job) = self.queue.next() {
                self.begin(job);
            }
            if let Some(sharing) = &mut self.sharing {
                sharing.balance(&mut self.queue);
            }
            self.publish();
            tokio::select! {
                biased;
                changed = stop.changed() => break changed.is_ok(),
                Some(ended) = self.running.join_next() => self.ended(ended),
                errand = returned(&mut self.sharing) => self.returned(errand),
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => break true,
                },
            }
        };
        if is_graceful {
            if let Some(sharing) = &mut self.sharing {
                sharing.stop(&mut self.queue);
            }
            // What times out here is interrupted below, and run again after the restart.
            let _ = tokio::time::timeout(grace, self.finish()).await;
        }
        self.running.shutdown().await;
        if is_graceful && let Some(sharing) = self.sharing {
            sharing.give_back_all().await;
        }
    }

    /// Waits for what runs; begins nothing, but still cancels.
    async fn finish(&mut self) {
        while !self.running.is_empty() || self.sharing.as_ref().is_some_and(Sharing::is_offering) {
            self.publish();
            tokio::select! {
                Some(ended) = self.running.join_next() => self.ended(ended),
                errand = returned(&mut self.sharing) => self.returned(errand),
                Some(command) = self.commands.recv() => self.command(command),
            }
        }
        self.publish();
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Run(job) => self.queue.push(*job),
            Command::Cancel(key) => {
                let is_over = self.queue.cancel(&JobId::Own(key.clone()))
                    || self.sharing.as_mut().is_some_and(|sharing| sharing.cancel(&key));
                if !is_over && let Some((_, interrupt)) = self.interrupts.get(&key) {
                    interrupt.abort();
                }
            }
        }
    }

    fn returned(&mut self, errand: Errand) {
        if let Some(sharing) = &mut self.sharing {
            sharing.returned(errand, &mut self.queue);
        }
    }

    fn begin(&mut self, job: Job) {
        let Job { task, component, origin } = job;
        let key = ActivityKey::of(&task);
        self.begun += 1;
        let number = self.begun;
        let span = tracing::debug_span!(
            "activity.run",
            { fields::INSTANCE_ID } = %task.instance_id,
            { fields::ACTIVITY } = task.name,
            { fields::TASK } = task.task.0,
            { fields::ATTEMPT } = task.attempt
        );
        let taken = match origin {
            Origin::Shard(_) => None,
            Origin::Taken(id) => Some(id),
        };
        let ended = Ended { key: key.clone(), number, name: task.name.clone(), taken };
        let (runtime, gauge) = (Arc::clone(&self.runtime), Arc::clone(&self.gauge));
        let listener = self.listener(origin);
        let (attempt, interrupt) = abortable(async move {
            AssertUnwindSafe(runtime.run_activity(&task, component)).catch_unwind().await.unwrap_or_else(|_| {
                tracing::error!(
                    { fields::INSTANCE_ID } = %task.instance_id,
                    { fields::ACTIVITY } = task.name,
                    "running an activity panicked"
                );
                Err(Failure::new(
                    kind::HOST_PANICKED,
                    format!("the host panicked while running activity {}", task.name),
                ))
            })
        });
        if taken.is_none() {
            self.interrupts.insert(key.clone(), (number, interrupt));
        }
        self.running.spawn(
            async move {
                if let Ok(result) = attempt.await {
                    gauge.run.fetch_add(1, Ordering::Relaxed);
                    gauge.failed.fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
                    listener.tell(key, result).await;
                }
                ended
            }
            .instrument(span),
        );
    }

    fn listener(&self, origin: Origin) -> Listener {
        match (origin, &self.sharing) {
            (Origin::Shard(shard), _) => Listener::Shard(self.results[shard].clone()),
            (Origin::Taken(id), Some(sharing)) => Listener::Backend(sharing.queue(), id),
            (Origin::Taken(_), None) => unreachable!("only what passes activities on takes them"),
        }
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        // Attempts are interrupted from within and catch panics: a join error can only mean that tokio shuts down.
        let Ok(Ended { key, number, name, taken }) = ended else { return };
        if let (Some(id), Some(sharing)) = (taken, &mut self.sharing) {
            sharing.finished(id);
        }
        if self.interrupts.get(&key).is_some_and(|(current, _)| *current == number) {
            self.interrupts.remove(&key);
        }
        self.queue.finished(&name);
    }

    fn publish(&self) {
        self.gauge.running.store(self.queue.running(), Ordering::Relaxed);
        self.gauge.waiting.store(self.queue.waiting(), Ordering::Relaxed);
    }
}

/// Waits for an errand of the sharing to come back; forever if nothing is shared.
async fn returned(sharing: &mut Option<Sharing>) -> Errand {
    match sharing {
        Some(sharing) => sharing.next().await,
        None => std::future::pending().await,
    }
}

/// Who is told how an attempt ended.
enum Listener {
    Shard(mpsc::Sender<ActivityResult>),
    Backend(Arc<dyn ActivityQueue>, TakenId),
}

impl Listener {
    async fn tell(self, key: ActivityKey, result: Result<Option<Payload>, Failure>) {
        match self {
            // A shard that is gone needs no result.
            Self::Shard(results) => drop(results.send((key, result)).await),
            Self::Backend(queue, id) => sharing::finish(&*queue, id, &key.instance_id, &key.message(result)).await,
        }
    }
}
