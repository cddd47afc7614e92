//! How long an attempt has kept a thread.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counts the time during which an attempt is run, whether its own code runs or the host does something for it. Time in
/// which it waits and the thread does something else does not count.
#[derive(Debug, Clone)]
pub(crate) struct Meter(Arc<Spent>);

#[derive(Debug)]
struct Spent {
    origin: Instant,
    /// Nanoseconds of all the times that it ran.
    before: AtomicU64,
    /// When it began to run, in nanoseconds since `origin`; [`WAITS`] while it does not.
    since: AtomicU64,
}

const WAITS: u64 = u64::MAX;

impl Meter {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Spent { origin: Instant::now(), before: AtomicU64::new(0), since: AtomicU64::new(WAITS) }))
    }

    /// What has been counted, up to now.
    pub(crate) fn spent(&self) -> Duration {
        let Spent { before, since, .. } = &*self.0;
        let running = match since.load(Ordering::Relaxed) {
            WAITS => 0,
            since => self.now().saturating_sub(since),
        };
        Duration::from_nanos(before.load(Ordering::Relaxed).saturating_add(running))
    }

    /// Counts the time of an attempt.
    pub(crate) fn count<F: Future>(&self, mut attempt: Pin<Box<F>>) -> impl Future<Output = F::Output> + use<F> {
        let meter = self.clone();
        poll_fn(move |context| {
            let running = Running::begin(&meter);
            let polled = attempt.as_mut().poll(context);
            drop(running);
            polled
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.origin.elapsed().as_nanos()).unwrap_or(WAITS - 1)
    }
}

/// Ends also with a panic.
struct Running<'a>(&'a Meter);

impl<'a> Running<'a> {
    fn begin(meter: &'a Meter) -> Self {
        meter.0.since.store(meter.now(), Ordering::Relaxed);
        Self(meter)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Spent { before, since, .. } = &*self.0.0;
        let since = since.swap(WAITS, Ordering::Relaxed);
        // Only whoever polls writes these.
        before.fetch_add(self.0.now().saturating_sub(since), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn time_in_the_host_counts_and_waiting_does_not() {
        let (busy, waiting) = (Duration::from_millis(30), Duration::from_hours(1));
        let meter = Meter::new();
        let seen = meter.clone();
        tokio::time::pause();
        let attempt = async move {
            let before = seen.spent();
            // As a call into the host that takes its time: no code of the guest runs.
            thread::sleep(busy);
            let after = seen.spent();
            tokio::time::sleep(waiting).await;
            thread::sleep(busy);
            (before, after)
        };
        let (before, after) = meter.count(Box::pin(attempt)).await;
        assert!(after >= before + busy, "also while it runs: {after:?}");
        let spent = meter.spent();
        assert!(spent >= 2 * busy && spent < waiting, "{spent:?}");
        assert_eq!(meter.spent(), spent, "nothing runs any more");
    }
}
