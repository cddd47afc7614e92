//! A worker with everything around it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use engine::{
    EventKey, EventKind, ExecutionId, ExecutionStarted, InstanceId, Message, Payload, RuntimeStatus, Timestamp,
};
use store::{
    Client as _, Clock as _, CreateInstance, ExistingInstance, InstanceRow, ManualClock, MemoryBackend,
    limits::ABANDONED_REST, whole_history,
};
use worker::{Options, Worker};

use crate::guests::Closures;
use crate::source::{FaultySource, Helper};

/// How long anything may take before a test gives up. Nothing waits for this time to pass.
const PATIENCE: Duration = Duration::from_secs(30);

/// One task hub, one runtime, any number of workers one after the other.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) source: Arc<FaultySource>,
    pub(crate) runtime: Arc<Closures>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_000_000)));
        let backend = Arc::new(MemoryBackend::new(clock.clone()));
        Self { clock, source: Arc::new(FaultySource::new(backend)), runtime: Arc::default() }
    }

    /// The same, and hosts may leave activities for each other.
    pub(crate) fn sharing() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_000_000)));
        let backend = Arc::new(MemoryBackend::new(clock.clone()).with_activity_queue());
        Self { clock, source: Arc::new(FaultySource::new(backend)), runtime: Arc::default() }
    }

    /// Another host of the same hub, which owns no instances: it only helps with activities.
    pub(crate) fn start_helper(&self, options: Options) -> Worker {
        let source = Arc::new(Helper(self.source.clone()));
        Worker::start(options, source, self.runtime.clone(), self.clock.clone()).unwrap()
    }

    /// What a new process finds.
    pub(crate) fn restart(self) -> Self {
        let backend = Arc::new(self.source.inner.restart());
        Self { source: Arc::new(FaultySource::new(backend)), ..self }
    }

    pub(crate) fn start(&self, options: Options) -> Worker {
        Worker::start(options, self.source.clone(), self.runtime.clone(), self.clock.clone()).unwrap()
    }

    pub(crate) async fn create(&self, instance: &str, name: &str) {
        let start = ExecutionStarted::new(
            ExecutionId::from_bytes(*b"sixteen bytes...").child(engine::TaskId(0), sum(instance)),
            name,
            self.clock.now(),
        );
        let instance = CreateInstance { instance_id: id(instance), start, existing: ExistingInstance::Refuse };
        self.source.inner.create(instance).await.unwrap();
    }

    pub(crate) async fn raise(&self, instance: &str, name: &str, key: u8) {
        let message = Message::RaiseEvent {
            name: name.to_owned(),
            data: Some(Payload::from(key.to_string())),
            key: EventKey::from_bytes([key; 16]),
            execution_id: None,
        };
        self.source.inner.send(&id(instance), message).await.unwrap();
    }

    pub(crate) async fn row(&self, instance: &str) -> InstanceRow {
        self.source.inner.get(&id(instance)).await.unwrap().unwrap()
    }

    /// Waits until the row of an instance is as wanted.
    pub(crate) async fn until(&self, instance: &str, wanted: impl Fn(&InstanceRow) -> bool) -> InstanceRow {
        let instance_id = id(instance);
        let mut seen = 0;
        patiently(instance, async {
            loop {
                let row = self.source.inner.changed(&instance_id, seen).await.unwrap().unwrap();
                if wanted(&row) {
                    return row;
                }
                seen = row.revision;
            }
        })
        .await
    }

    pub(crate) async fn until_completed(&self, instance: &str) -> String {
        let row = self.until(instance, |row| row.state.status.is_terminal()).await;
        assert_eq!(row.state.status, RuntimeStatus::Completed, "{:?}", row.state.failure);
        row.state.output.map(|output| output.to_string()).unwrap_or_default()
    }

    /// The same while the clock moves on, for what was given back and rests.
    pub(crate) async fn until_completed_as_time_passes(&self, instance: &str) -> String {
        let completed = self.until_completed(instance);
        let passing = async {
            loop {
                self.clock.advance(ABANDONED_REST);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            output = completed => output,
            () = passing => unreachable!(),
        }
    }

    /// The kinds of an instance's events, without the frames of turns.
    pub(crate) async fn events(&self, instance: &str) -> Vec<EventKind> {
        let events = whole_history(&*self.source.inner, &id(instance)).await.unwrap();
        events
            .into_iter()
            .map(|event| event.kind)
            .filter(|kind| !matches!(kind, EventKind::OrchestratorStarted | EventKind::OrchestratorCompleted))
            .collect()
    }
}

/// Few threads, no patience at shutdown.
pub(crate) fn options() -> Options {
    Options { shards: 2, shutdown_grace: Duration::ZERO, ..Options::default() }
}

pub(crate) fn id(text: &str) -> InstanceId {
    InstanceId::new(text).unwrap()
}

fn sum(text: &str) -> u32 {
    text.bytes().fold(7, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
}

/// Fails the test when `future` takes forever.
pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Waits until something that nobody announces has become true.
pub(crate) async fn eventually(what: &str, is_true: impl Fn() -> bool) {
    patiently(what, async {
        while !is_true() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}
