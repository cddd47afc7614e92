//! Time that passes whenever everybody waits.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use engine::Timestamp;
use store::Clock;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::Instant;

/// When every run begins.
const EPOCH_MS: u64 = 1_700_000_000_000;

/// Runs a simulation on this thread alone, in a time of its own, with the randomness of the code under test seeded.
pub(crate) fn in_virtual_time<T>(seed: u64, simulation: impl Future<Output = T>) -> T {
    fastrand::seed(seed);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without threads or I/O needs nothing of the system");
    LocalSet::new().block_on(&runtime, simulation)
}

/// A clock of the simulation: the true one, or that of a host, which is ahead or behind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimClock {
    began: Instant,
    skew_ms: i64,
}

impl SimClock {
    /// The true time; must be called within the simulation, at its beginning.
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), skew_ms: 0 }
    }

    /// The same time as a host sees it whose clock is ahead by `skew_ms`.
    pub(crate) fn skewed(self, skew_ms: i64) -> Self {
        Self { skew_ms, ..self }
    }

    /// Virtual time since the beginning.
    pub(crate) fn elapsed(self) -> Duration {
        self.began.elapsed()
    }
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let elapsed_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(EPOCH_MS.saturating_add(elapsed_ms).saturating_add_signed(self.skew_ms))
    }

    async fn sleep_until(&self, at: Timestamp) {
        let at_ms = at.as_millis().saturating_add_signed(-self.skew_ms);
        let after = Duration::from_millis(at_ms.saturating_sub(EPOCH_MS));
        // A year is beyond the end of every run, and within what timers can express.
        tokio::time::sleep_until(self.began + after.min(Duration::from_hours(24 * 365))).await;
    }
}
