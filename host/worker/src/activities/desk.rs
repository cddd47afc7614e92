//! Where attempts are handed in, begun, interrupted and seen off.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{ActivityTask, Digest, Failure, Payload, kind};
use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, AbortRegistration, Abortable};
use measure::Timing;
use store::{ActivityQueue, Clock, TakenId};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::queue::{Job, JobId, Origin, Queue};
use super::{Done, sharing};
use crate::shard::ActivityKey;
use crate::spans::Attempt;
use crate::stats::ActivityGauge;
use crate::{Options, Runtime, Spans, fields};

/// Whoever hands in an attempt, or ends one, begins what may run next, on its own thread: an attempt waits for nobody
/// but the one that runs it.
pub(super) struct Desk {
    runtime: Arc<dyn Runtime>,
    /// One for each shard. A full channel keeps an attempt's place occupied until its shard has time.
    results: Vec<mpsc::Sender<Done>>,
    gauge: Arc<ActivityGauge>,
    clock: Arc<dyn Clock>,
    spans: Spans,
    /// None: the backend does not pass activities on.
    shared: Option<Arc<dyn ActivityQueue>>,
    /// Where attempts run.
    tokio: Handle,
    /// What runs, for waiting until nothing does.
    running: TaskTracker,
    /// Held for a few operations on maps, never while waiting.
    book: Mutex<Book>,
    /// There is something for the service to do.
    pub(super) service: Notify,
}

/// What waits and what runs.
pub(super) struct Book {
    pub(super) queue: Queue,
    /// What can interrupt an attempt. The number tells an attempt from a later one of the same name.
    interrupts: BTreeMap<JobId, (u64, AbortHandle)>,
    begun: u64,
    /// Nothing begins any more.
    is_closed: bool,
    /// Attempts to be canceled that neither wait nor run: they have ended, or are on their way to other hosts. Emptied
    /// whenever the service runs.
    pub(super) canceled_elsewhere: Vec<ActivityKey>,
    /// Attempts of other hosts that have left since the service last ran.
    pub(super) taken_that_left: Vec<TakenId>,
}

/// An attempt that has a place and is about to run.
struct Beginning {
    job: Job,
    place: Place,
    interrupt: AbortRegistration,
}

/// The place that an attempt occupies. It is free again when this is dropped, however the attempt ended.
struct Place {
    desk: Arc<Desk>,
    id: JobId,
    number: u64,
    name: String,
    is_free: bool,
}

impl Desk {
    pub(super) fn new(
        options: &Options,
        runtime: Arc<dyn Runtime>,
        results: Vec<mpsc::Sender<Done>>,
        shared: Option<Arc<dyn ActivityQueue>>,
        gauge: Arc<ActivityGauge>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            runtime,
            results,
            gauge,
            clock,
            spans: options.spans.clone(),
            shared,
            tokio: options.activities_on.clone().unwrap_or_else(Handle::current),
            running: TaskTracker::new(),
            book: Mutex::new(Book {
                queue: Queue::new(options.activities_max, options.activities_per_name_max),
                interrupts: BTreeMap::new(),
                begun: 0,
                is_closed: false,
                canceled_elsewhere: Vec::new(),
                taken_that_left: Vec::new(),
            }),
            service: Notify::new(),
        }
    }

    /// Runs an attempt as soon as there is capacity.
    pub(super) fn hand_in(self: &Arc<Self>, job: Job) {
        self.change(|book| {
            // It may begin again for want of news from another host, and have come back from there, or never have left.
            if !book.has(&job.id()) {
                book.queue.push(job);
            }
        });
    }

    /// Interrupts an attempt of this worker if it has not ended.
    pub(super) fn cancel(&self, key: ActivityKey) {
        let mut book = self.book();
        if !book.cancel(&key) && self.shared.is_some() {
            book.canceled_elsewhere.push(key);
            self.service.notify_one();
        }
        self.publish(&book);
    }

    /// Changes what waits, then begins what may run. `change` must not wait.
    pub(super) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut Book) -> T) -> T {
        let (answer, beginnings) = {
            let mut book = self.book();
            let answer = change(&mut book);
            let beginnings = self.take_places(&mut book);
            self.publish(&book);
            (answer, beginnings)
        };
        for beginning in beginnings {
            self.begin(beginning);
        }
        if self.shared.is_some() {
            self.service.notify_one();
        }
        answer
    }

    /// The service's own change, after which nothing new can run.
    pub(super) fn settle(&self, change: impl FnOnce(&mut Book)) {
        let mut book = self.book();
        change(&mut book);
        self.publish(&book);
    }

    /// Begins nothing any more. What runs goes on.
    pub(super) fn close(&self) {
        self.book().is_closed = true;
        self.running.close();
    }

    /// Waits until nothing runs. Only after [`Desk::close`].
    pub(super) async fn emptied(&self) {
        self.running.wait().await;
    }

    /// Whether nothing runs.
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Interrupts all that runs.
    pub(super) fn interrupt_all(&self) {
        for (_, interrupt) in self.book().interrupts.values() {
            interrupt.abort();
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // A panic in between leaves at most a place that stays occupied.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_places(self: &Arc<Self>, book: &mut Book) -> Vec<Beginning> {
        let mut beginnings = Vec::new();
        while !book.is_closed
            && let Some(job) = book.queue.next()
        {
            book.begun += 1;
            let (id, number) = (job.id(), book.begun);
            let (interrupt, registration) = AbortHandle::new_pair();
            book.interrupts.insert(id.clone(), (number, interrupt));
            let place = Place { desk: Arc::clone(self), id, number, name: job.task.name.clone(), is_free: false };
            beginnings.push(Beginning { job, place, interrupt: registration });
        }
        beginnings
    }

    fn begin(&self, Beginning { job, place, interrupt }: Beginning) {
        let Job { task, component, origin } = job;
        let span = tracing::debug_span!(
            "activity.run",
            { fields::INSTANCE_ID } = %task.instance_id,
            { fields::EXECUTION_ID } = %task.execution_id,
            { fields::ACTIVITY } = task.name,
            { fields::TASK } = task.task.0,
            { fields::ATTEMPT } = task.attempt
        );
        let (runtime, gauge) = (Arc::clone(&self.runtime), Arc::clone(&self.gauge));
        let listener = self.listener(origin);
        let wanted = Attempt::begin(&self.spans, &task, || self.clock.now()).map(|attempt| (attempt, Instant::now()));
        let attempt = async move {
            let timing = Timing::begin();
            let result = run(&*runtime, &task, component).await;
            timing.end(if result.is_ok() { &gauge.measures.completed } else { &gauge.measures.failed });
            let span = wanted.map(|(attempt, began)| Box::new(attempt.end(&task, began.elapsed(), &result)));
            gauge.run.fetch_add(1, Ordering::Relaxed);
            gauge.failed.fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
            let is_unknown = result.as_ref().is_err_and(|failure| failure.kind == kind::ACTIVITY_NOT_FOUND);
            gauge.not_found.fetch_add(u64::from(is_unknown), Ordering::Relaxed);
            listener.tell(Done { key: ActivityKey::of(&task), result, span }).await;
        };
        let attempt = Abortable::new(attempt, interrupt);
        let attempt = async move {
            // Interrupted or not, its place is free.
            let _ = attempt.await;
            place.leave();
        };
        self.running.spawn_on(attempt.instrument(span), &self.tokio);
    }

    fn listener(&self, origin: Origin) -> Listener {
        match (origin, &self.shared) {
            (Origin::Shard(shard), _) => Listener::Shard(self.results[shard].clone()),
            (Origin::Taken(id), Some(queue)) => Listener::Backend(Arc::clone(queue), id, self.spans.clone()),
            (Origin::Taken(_), None) => unreachable!("only what passes activities on takes them"),
        }
    }

    fn publish(&self, book: &Book) {
        self.gauge.running.store(book.queue.running(), Ordering::Relaxed);
        self.gauge.waiting.store(book.queue.waiting(), Ordering::Relaxed);
    }
}

impl Book {
    /// Removes or interrupts an attempt of this worker; false when it neither waits nor runs.
    pub(super) fn cancel(&mut self, key: &ActivityKey) -> bool {
        let id = JobId::Own(key.clone());
        if self.queue.cancel(&id) {
            return true;
        }
        let interrupt = self.interrupts.remove(&id);
        interrupt.inspect(|(_, interrupt)| interrupt.abort()).is_some()
    }

    /// Whether an attempt waits or runs here.
    fn has(&self, id: &JobId) -> bool {
        self.interrupts.contains_key(id) || self.queue.has(id)
    }

    fn free(&mut self, place: &Place) {
        if self.interrupts.get(&place.id).is_some_and(|(number, _)| *number == place.number) {
            self.interrupts.remove(&place.id);
        }
        self.queue.finished(&place.name);
        if let JobId::Taken(id) = place.id {
            self.taken_that_left.push(id);
        }
    }
}

impl Place {
    /// Frees it, and begins what has waited for it.
    fn leave(mut self) {
        self.is_free = true;
        self.desk.change(|book| book.free(&self));
    }
}

impl Drop for Place {
    /// The attempt was dropped unfinished, so tokio is shutting down: nothing is begun in its place.
    fn drop(&mut self) {
        if !self.is_free {
            let mut book = self.desk.book();
            book.free(self);
            self.desk.publish(&book);
        }
    }
}

/// Runs an attempt; a panic of the host is a failure of it.
async fn run(
    runtime: &dyn Runtime,
    task: &ActivityTask,
    component: Option<Digest>,
) -> Result<Option<Payload>, Failure> {
    AssertUnwindSafe(runtime.run_activity(task, component)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(
            { fields::INSTANCE_ID } = %task.instance_id,
            { fields::ACTIVITY } = task.name,
            "running an activity panicked"
        );
        Err(Failure::new(kind::HOST_PANICKED, format!("the host panicked while running activity {}", task.name)))
    })
}

/// Who is told how an attempt ended.
enum Listener {
    Shard(mpsc::Sender<Done>),
    /// Its span is told here: whoever records the result has not seen the attempt.
    Backend(Arc<dyn ActivityQueue>, TakenId, Spans),
}

impl Listener {
    async fn tell(self, done: Done) {
        match self {
            // A shard that is gone needs no result.
            Self::Shard(results) => drop(results.send(done).await),
            Self::Backend(queue, id, spans) => {
                let Done { key, result, span } = done;
                let is_delivered = sharing::finish(&*queue, id, &key.instance_id, &key.message(result)).await;
                if let (true, Some(span)) = (is_delivered, span) {
                    spans.tell(*span);
                }
            }
        }
    }
}
