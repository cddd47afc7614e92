//! The worker as a whole: starting and stopping.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use store::{Clock, StorageError, WorkSource};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::activities::Activities;
use crate::fetch_loop::FetchLoop;
use crate::shard::{Config, Shard};
use crate::shard_loop::{Control, Performer, RuntimeGuests, ShardLoop};
use crate::{Health, Monitor, Options, Runtime, Stats, fields, limits};

/// Runs the orchestrations and activities of one task hub in this process.
///
/// Dropping it without [`Worker::shutdown`] is like a crash: nothing is flushed, and what was in hand is handed out
/// again after a restart.
pub struct Worker {
    source: Arc<dyn WorkSource>,
    monitor: Monitor,
    fetching: Service,
    activities: Service,
    control: watch::Sender<Control>,
    shards: Vec<ShardThread>,
}

/// A loop on tokio and what stops it.
#[derive(Debug)]
struct Service {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A shard's thread and what tells that it has ended.
#[derive(Debug)]
struct ShardThread {
    ended: oneshot::Receiver<()>,
    thread: thread::JoinHandle<()>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("stats", &self.stats()).field("health", &self.health()).finish_non_exhaustive()
    }
}

impl Worker {
    /// Starts fetching and running. Must be called on a tokio runtime, on which backends and activities will run.
    ///
    /// # Errors
    /// The system refused a thread.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[expect(clippy::needless_pass_by_value, reason = "the worker keeps what it is given")]
    pub fn start(
        options: Options,
        source: Arc<dyn WorkSource>,
        runtime: Arc<dyn Runtime>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let options = options.normalized();
        let monitor = Monitor::new(options.shards);
        let (control, controlled) = watch::channel(Control::Run);
        let (work_senders, works): (Vec<_>, Vec<_>) =
            (0..options.shards).map(|_| mpsc::channel(limits::SHARD_INBOX_WORK_ITEMS_MAX)).unzip();
        let (result_senders, results): (Vec<_>, Vec<_>) =
            (0..options.shards).map(|_| mpsc::channel(options.activities_max)).unzip();
        let gauge = Arc::clone(&monitor.activities);
        let (activities, handles) =
            Activities::new(&options, Arc::clone(&runtime), result_senders, source.activity_queue(), gauge);
        let config = Config {
            warm_bytes_max: options.warm_guest_bytes_max / options.shards,
            busy_max: options.instances_busy_per_shard_max,
        };

        let mut shards = Vec::with_capacity(options.shards);
        for (index, ((work, results), activities)) in works.into_iter().zip(results).zip(handles).enumerate() {
            let performer = Performer {
                source: Arc::clone(&source),
                runtime: Arc::clone(&runtime),
                activities,
                tokio: Handle::current(),
            };
            let (clock, control, monitor) = (Arc::clone(&clock), controlled.clone(), monitor.clone());
            let runtime = Arc::clone(&runtime);
            // The shard is made on its thread: guests never leave it.
            shards.push(ShardThread::spawn(index, monitor.clone(), move || ShardLoop {
                index,
                shard: Shard::new(config, Box::new(RuntimeGuests(runtime))),
                performer,
                clock,
                work,
                results,
                control,
                monitor,
            })?);
        }
        let fetch_loop = FetchLoop { source: Arc::clone(&source), shards: work_senders, monitor: monitor.clone() };
        let (stop_fetching, stopped) = watch::channel(false);
        let fetching = Service { stop: stop_fetching, task: tokio::spawn(fetch_loop.run(stopped)) };
        let (stop_activities, stopped) = watch::channel(false);
        let task = tokio::spawn(activities.run(stopped, options.shutdown_grace));
        let activities = Service { stop: stop_activities, task };
        tracing::info!(shards = options.shards, activities_max = options.activities_max, "worker started");
        Ok(Self { source, monitor, fetching, activities, control, shards })
    }

    /// Watches this worker, also after it has stopped.
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// What it has done and has in hand.
    pub fn stats(&self) -> Stats {
        self.monitor.stats()
    }

    /// Whether it can work.
    pub fn health(&self) -> Health {
        self.monitor.health()
    }

    /// Stops fetching, gives running activities their grace, records what they yielded, lets commits finish, gives back
    /// what has not begun, and shuts the backend's side for workers.
    ///
    /// Takes at most the grace of [`Options::shutdown_grace`] and three quarters of a minute, plus what the backend takes.
    ///
    /// # Errors
    /// What the backend said to [`WorkSource::shutdown`]. The worker has stopped all the same.
    pub async fn shutdown(self) -> Result<(), StorageError> {
        let Self { source, monitor: _, fetching, activities, control, shards } = self;
        fetching.stop().await;
        activities.stop().await;
        control.send_replace(Control::Drain);
        for shard in shards {
            shard.join().await;
        }
        tracing::info!("worker stopped");
        source.shutdown().await
    }
}

impl Service {
    async fn stop(self) {
        self.stop.send_replace(true);
        // A panic was reported where it happened; a shutdown goes on.
        let _ = self.task.await;
    }
}

impl ShardThread {
    fn spawn(
        index: usize,
        monitor: Monitor,
        shard_loop: impl FnOnce() -> ShardLoop + Send + 'static,
    ) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let (ending, ended) = oneshot::channel();
        let thread = thread::Builder::new().name(format!("rondo-shard-{index}")).spawn(move || {
            let obituary = Obituary { index, monitor };
            runtime.block_on(shard_loop().run());
            std::mem::forget(obituary);
            let _ = ending.send(());
        })?;
        Ok(Self { ended, thread })
    }

    async fn join(self) {
        // An error means that the thread ended by a panic, which is over as well.
        let _ = self.ended.await;
        let _ = self.thread.join();
    }
}

/// Tells of a shard's death by panic; forgotten when the shard ends as it should.
struct Obituary {
    index: usize,
    monitor: Monitor,
}

impl Drop for Obituary {
    fn drop(&mut self) {
        self.monitor.shards[self.index].died.store(true, Ordering::Relaxed);
        tracing::error!({ fields::SHARD } = self.index, "a shard's thread died; restart the host");
    }
}
