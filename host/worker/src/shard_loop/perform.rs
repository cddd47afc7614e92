//! Carrying out effects: storage and preparation on tokio, activities by their service, notices into the log.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use engine::{InstanceId, LogLevel, LogLine};
use futures_util::FutureExt as _;
use measure::Timing;
use store::{CommitError, Outcome, StorageError, WorkSource};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::abandon::give_back;
use crate::activities::ActivityHandle;
use crate::backoff::Backoff;
use crate::measures::Measures;
use crate::shard::{Effect, Input, Notice};
use crate::{Runtime, Spans, Unprepared, fields};

/// An answer that comes later; none for effects without one.
type Answer = Pin<Box<dyn Future<Output = Option<Input>>>>;

/// Carries out the effects of one shard.
///
/// Futures of backends and runtimes are polled on `tokio`, not on the shard's thread: a slow guest there must not stall
/// connections that others use as well. Commits of backends that have no such connections are the exception.
pub(crate) struct Performer {
    pub(crate) source: Arc<dyn WorkSource>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) activities: ActivityHandle,
    pub(crate) tokio: Handle,
    pub(crate) measures: Arc<Measures>,
    pub(crate) spans: Spans,
    /// How much is given back at the same time.
    pub(crate) abandons: Arc<Semaphore>,
}

impl Performer {
    /// Begins an effect. Dropping the answer does not stop what was begun, but for what is given back.
    pub(crate) fn begin(&self, effect: Effect) -> Option<Answer> {
        match effect {
            Effect::Load { instance_id, attempt } => {
                let (source, id) = (Arc::clone(&self.source), instance_id.clone());
                let load = async move {
                    pause(attempt).await;
                    source.load(&id).await.map(|snapshot| snapshot.map(Box::new))
                };
                let failed = || Err(lost("load"));
                Some(self.spawn(load, failed, |result| Input::Loaded { instance_id, result }))
            }
            Effect::Prepare { instance_id, orchestration, component } => {
                let runtime = Arc::clone(&self.runtime);
                let prepare = async move { runtime.prepare(&orchestration, component).await };
                let what = "the host panicked while preparing the component";
                let failed = || Err(Unprepared::Unavailable(what.to_owned()));
                Some(self.spawn(prepare, failed, |result| Input::Prepared { instance_id, result }))
            }
            Effect::Commit { commit, attempt } => {
                let (source, instance_id) = (Arc::clone(&self.source), commit.instance_id.clone());
                let measures = Arc::clone(&self.measures);
                let commit = async move {
                    pause(attempt).await;
                    let timing = Timing::begin();
                    let committed = source.commit(*commit).await;
                    timing.end(&measures.commit);
                    committed
                };
                let failed = || Err(CommitError::Storage(lost("commit")));
                Some(self.commit(commit, failed, |result| Input::Committed { instance_id, result }))
            }
            Effect::Hold { instance_id, token, reason, attempt } => {
                let (source, id) = (Arc::clone(&self.source), instance_id.clone());
                let hold = async move {
                    pause(attempt).await;
                    source.hold(&id, token, reason).await
                };
                let failed = || Err(CommitError::Storage(lost("hold")));
                Some(self.commit(hold, failed, |result| Input::Held { instance_id, result }))
            }
            Effect::Abandon(work) => {
                let (source, gate) = (Arc::clone(&self.source), Arc::clone(&self.abandons));
                // Ends with the shard: storage that is shut down takes nothing any more.
                let mut abandoned = JoinSet::new();
                abandoned.spawn_on(async move { give_back(&*source, work, &gate).await }, &self.tokio);
                Some(Box::pin(async move {
                    let _ = abandoned.join_next().await;
                    None
                }))
            }
            Effect::RunActivity { task, component } => {
                self.activities.run(*task, component);
                None
            }
            Effect::CancelActivity(key) => {
                self.activities.cancel(key);
                None
            }
            Effect::GuestLog { instance_id, line } => {
                guest_log(&instance_id, &line);
                None
            }
            Effect::Tell(span) => {
                self.spans.tell(*span);
                None
            }
            Effect::Notice(notice) => {
                log(&notice);
                None
            }
        }
    }

    /// Runs a commit where the backend wants it; `failed` stands in for its result when it panicked.
    fn commit<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
        failed: impl FnOnce() -> T + 'static,
        input: impl FnOnce(T) -> Input + 'static,
    ) -> Answer {
        if !self.source.commits_elsewhere() {
            return self.spawn(future, failed, input);
        }
        let future = AssertUnwindSafe(future).catch_unwind();
        Box::pin(async move { Some(input(future.await.unwrap_or_else(|_| failed()))) })
    }

    /// Runs `future` on tokio and turns its result into an input; `failed` stands in for it when it panicked or tokio
    /// shut down.
    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
        failed: impl FnOnce() -> T + 'static,
        input: impl FnOnce(T) -> Input + 'static,
    ) -> Answer {
        let task = self.tokio.spawn(future);
        Box::pin(async move { Some(input(task.await.unwrap_or_else(|_| failed()))) })
    }
}

async fn pause(attempt: u32) {
    let pause = Backoff::STORAGE.before(attempt);
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}

/// What to make of a backend's future that ended without an answer.
pub(crate) fn lost(operation: &'static str) -> StorageError {
    StorageError { operation, outcome: Outcome::Unknown, source: "the backend ended without an answer".into() }
}

/// A guest's own words, with the instance they are about.
fn guest_log(instance_id: &InstanceId, line: &LogLine) {
    macro_rules! log_at {
        ($level:ident) => {
            tracing::$level!(target: fields::GUEST_TARGET, message = line.message, { fields::INSTANCE_ID } = %instance_id)
        };
    }
    match line.level {
        LogLevel::Trace => log_at!(trace),
        LogLevel::Debug => log_at!(debug),
        LogLevel::Info => log_at!(info),
        LogLevel::Warn => log_at!(warn),
        LogLevel::Error => log_at!(error),
    }
}

fn log(notice: &Notice) {
    match notice {
        Notice::SplitBrainDetected { instance_id, held, stored } => tracing::warn!(
            { fields::INSTANCE_ID } = %instance_id,
            { fields::HELD_TOKEN } = %held.0,
            { fields::STORED_TOKEN } = %stored.as_ref().map_or("none", |token| &*token.0),
            "split_brain_detected: somebody else moved the instance on; this host's turn was dropped"
        ),
        Notice::NotOwned { instance_id } => tracing::debug!(
            { fields::INSTANCE_ID } = %instance_id,
            "another host owns the instance now; this host's turn was dropped"
        ),
        Notice::Held { instance_id, reason } => tracing::warn!(
            { fields::INSTANCE_ID } = %instance_id,
            { fields::CODE } = reason.code,
            "instance held: {}",
            reason.message
        ),
        Notice::HoldFailed { instance_id, reason, error } => tracing::error!(
            { fields::INSTANCE_ID } = %instance_id,
            { fields::CODE } = reason.code,
            { fields::ERROR } = %error,
            "instance could not be held and is left alone until a restart: {}",
            reason.message
        ),
        // The fetch loop says once that storage is unavailable; this is the detail.
        Notice::StorageFailed { instance_id, error } => tracing::debug!(
            { fields::INSTANCE_ID } = %instance_id,
            { fields::ERROR } = %error,
            cause = %error.source,
            "storage failed"
        ),
        Notice::Unreadable { instance_id, error } => tracing::error!(
            { fields::INSTANCE_ID } = %instance_id,
            { fields::ERROR } = %error,
            cause = %error.source,
            "instance cannot be read and is left alone until a restart"
        ),
        Notice::Panicked { instance_id, what, is_left_alone } => tracing::error!(
            { fields::INSTANCE_ID } = instance_id.as_ref().map(tracing::field::display),
            "the host panicked: {what}. This is a bug of the host, please report it. {}",
            match (instance_id, is_left_alone) {
                (None, _) => "Everything goes on",
                (Some(_), false) => "The instance is held, the others go on",
                (Some(_), true) => "The instance is left alone until a restart, the others go on",
            }
        ),
        Notice::InstanceGone { instance_id } => tracing::debug!(
            { fields::INSTANCE_ID } = %instance_id,
            "messages for an instance that does not exist were dropped"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Mutex, PoisonError};

    use store::Token;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_max_level(tracing::Level::TRACE)
            .without_time()
            .with_ansi(false)
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_guests_line_keeps_its_level_and_names_its_instance() {
        let instance_id = InstanceId::new("order-1").unwrap();
        let line = LogLine { level: LogLevel::Warn, message: "low on {stock}".to_owned() };
        assert_eq!(logged(|| guest_log(&instance_id, &line)), " WARN guest: low on {stock} instance_id=order-1\n");
    }

    #[test]
    fn a_split_brain_is_logged_with_both_tokens() {
        let notice = Notice::SplitBrainDetected {
            instance_id: InstanceId::new("order-1").unwrap(),
            held: Token("4".into()),
            stored: Some(Token("6".into())),
        };
        let line = logged(|| log(&notice));
        for part in [" WARN ", "split_brain_detected", "instance_id=order-1", "held_token=4", "stored_token=6"] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}
