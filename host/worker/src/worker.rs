//! The worker as a whole: starting and stopping.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use store::{Clock, StorageError, WorkSource};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::activities::Activities;
use crate::fetch_loop::FetchLoop;
use crate::shard::{Config, Shard};
use crate::shard_loop::{Control, Performer, RuntimeGuests, ShardLoop};
use crate::{Health, Monitor, Options, Runtime, Stats, limits};

/// Runs the orchestrations and activities of one task hub in this process.
///
/// Dropping it without [`Worker::shutdown`] is like a crash: nothing is flushed, and what was in hand is handed out
/// again after a restart.
pub struct Worker {
    source: Arc<dyn WorkSource>,
    monitor: Monitor,
    fetching: Service,
    activities: Service,
    shards: Vec<RunningShard>,
}

/// A loop on tokio and what stops it.
#[derive(Debug)]
struct Service {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A running shard and what tells that it has ended.
#[derive(Debug)]
struct RunningShard {
    /// A channel of its own, so that shards hear of the end in the same order in every run.
    control: watch::Sender<Control>,
    ended: oneshot::Receiver<()>,
    /// None: it runs on the thread that started it.
    thread: Option<thread::JoinHandle<()>>,
}

/// A shard that is made where it runs: guests never leave their thread.
struct NewShard {
    index: usize,
    monitor: Monitor,
    control: watch::Sender<Control>,
    make: Box<dyn FnOnce() -> ShardLoop + Send>,
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
    pub fn start(
        options: Options,
        source: Arc<dyn WorkSource>,
        runtime: Arc<dyn Runtime>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        Self::start_with(options, source, runtime, clock, RunningShard::on_a_thread)
    }

    /// The same without threads: shards are tasks of the calling thread's [`tokio::task::LocalSet`], so that under a
    /// paused clock and a seed every run is the same.
    ///
    /// # Panics
    /// Outside of a `LocalSet`.
    pub fn start_local(
        options: Options,
        source: Arc<dyn WorkSource>,
        runtime: Arc<dyn Runtime>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        Self::start_with(options, source, runtime, clock, |shard| Ok(RunningShard::here(shard)))
    }

    #[expect(clippy::needless_pass_by_value, reason = "the worker keeps what it is given")]
    fn start_with(
        options: Options,
        source: Arc<dyn WorkSource>,
        runtime: Arc<dyn Runtime>,
        clock: Arc<dyn Clock>,
        run_shard: impl Fn(NewShard) -> io::Result<RunningShard>,
    ) -> io::Result<Self> {
        let options = options.normalized();
        let monitor = Monitor::new(options.shards, options.unknown_orchestrations);
        let (work_senders, works): (Vec<_>, Vec<_>) =
            (0..options.shards).map(|_| mpsc::channel(limits::SHARD_INBOX_WORK_ITEMS_MAX)).unzip();
        let (result_senders, results): (Vec<_>, Vec<_>) =
            (0..options.shards).map(|_| mpsc::channel(options.activities_max)).unzip();
        let gauge = Arc::clone(&monitor.activities);
        let (shared, for_spans) = (source.activity_queue(), Arc::clone(&clock));
        let (activities, handles) =
            Activities::new(&options, Arc::clone(&runtime), result_senders, shared, gauge, for_spans);
        let config = Config {
            warm_bytes_max: options.warm_guest_bytes_max / options.shards,
            warm_max: options.warm_guests_max / options.shards,
            busy_max: options.instances_busy_per_shard_max,
        };

        let mut shards = Vec::with_capacity(options.shards);
        for (index, ((work, results), activities)) in works.into_iter().zip(results).zip(handles).enumerate() {
            let performer = Performer {
                source: Arc::clone(&source),
                runtime: Arc::clone(&runtime),
                activities,
                tokio: Handle::current(),
                measures: Arc::clone(&monitor.shards[index].measures),
                spans: options.spans.clone(),
                abandons: Arc::new(Semaphore::new(limits::ABANDONS_AT_ONCE_MAX)),
            };
            let (control, controlled) = watch::channel(Control::Run);
            let (clock, runtime, watched) = (Arc::clone(&clock), Arc::clone(&runtime), monitor.clone());
            let spans = options.spans.clone();
            let make = move || ShardLoop {
                index,
                shard: Shard::new(config, Box::new(RuntimeGuests(runtime)))
                    .measured_in(performer.measures.clone())
                    .telling(spans)
                    .noting(watched.waiting.clone()),
                performer,
                clock,
                work,
                results,
                control: controlled,
                monitor: watched,
            };
            shards.push(run_shard(NewShard { index, monitor: monitor.clone(), control, make: Box::new(make) })?);
        }
        let fetch_loop = FetchLoop { source: Arc::clone(&source), shards: work_senders, monitor: monitor.clone() };
        let (stop_fetching, stopped) = watch::channel(false);
        let fetch_loop = watched("fetch".to_owned(), monitor.clone(), fetch_loop.run(stopped));
        let fetching = Service { stop: stop_fetching, task: tokio::spawn(fetch_loop) };
        let (stop_activities, stopped) = watch::channel(false);
        let activities = activities.run(stopped, options.shutdown_grace);
        let task = tokio::spawn(watched("activities".to_owned(), monitor.clone(), activities));
        let activities = Service { stop: stop_activities, task };
        tracing::info!(shards = options.shards, activities_max = options.activities_max, "worker started");
        Ok(Self { source, monitor, fetching, activities, shards })
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
        let Self { source, monitor: _, fetching, activities, shards } = self;
        fetching.stop().await;
        activities.stop().await;
        for shard in &shards {
            shard.control.send_replace(Control::Drain);
        }
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

impl RunningShard {
    fn on_a_thread(shard: NewShard) -> io::Result<Self> {
        let NewShard { index, monitor, control, make } = shard;
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let (ending, ended) = oneshot::channel();
        let run = move || runtime.block_on(run_shard(index, monitor, make, ending));
        let thread = thread::Builder::new().name(format!("rondo-shard-{index}")).spawn(run)?;
        Ok(Self { control, ended, thread: Some(thread) })
    }

    fn here(shard: NewShard) -> Self {
        let NewShard { index, monitor, control, make } = shard;
        let (ending, ended) = oneshot::channel();
        tokio::task::spawn_local(run_shard(index, monitor, make, ending));
        Self { control, ended, thread: None }
    }

    async fn join(self) {
        // An error means that the shard ended by a panic, which is over as well.
        let _ = self.ended.await;
        if let Some(thread) = self.thread {
            let _ = thread.join();
        }
    }
}

async fn run_shard(index: usize, monitor: Monitor, make: impl FnOnce() -> ShardLoop, ending: oneshot::Sender<()>) {
    watched(format!("shard {index}"), monitor, async { make().run().await }).await;
    let _ = ending.send(());
}

/// Runs a loop that ends only because it was told to. That it panicked is logged, counted, and told by health.
async fn watched(name: String, monitor: Monitor, run: impl Future<Output = ()>) {
    let mut obituary = Obituary { name, monitor };
    run.await;
    obituary.name.clear();
}

/// Tells of a loop's death by panic; without a name, the loop has ended as it should.
struct Obituary {
    name: String,
    monitor: Monitor,
}

impl Drop for Obituary {
    fn drop(&mut self) {
        // What is dropped unfinished without a panic was interrupted by the end of its runtime.
        if self.name.is_empty() || !thread::panicking() {
            return;
        }
        self.monitor.panics.fetch_add(1, Ordering::Relaxed);
        self.monitor.loop_died.store(true, Ordering::Relaxed);
        tracing::error!(r#loop = self.name, "a loop of the worker died of a panic; restart the host and report this");
    }
}
