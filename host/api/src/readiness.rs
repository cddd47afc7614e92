//! Whether this host takes work: what `health/ready` answers, and what ends waiting requests at shutdown.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

/// Where the host is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The worker does not run yet.
    Starting,
    /// Everything runs.
    Ready,
    /// No new work is taken; waiting requests are answered with what is known.
    Stopping,
}

/// The host's phase, shared by whoever sets it and whoever shows it.
#[derive(Clone)]
pub struct Readiness(Arc<Inner>);

struct Inner {
    phase: watch::Sender<Phase>,
    problem: OnceLock<Box<dyn Fn() -> Option<String> + Send + Sync>>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(Inner { phase: watch::Sender::new(Phase::Starting), problem: OnceLock::new() }))
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readiness").field(&self.phase()).finish()
    }
}

impl Readiness {
    /// Where the host is now.
    pub fn phase(&self) -> Phase {
        *self.0.phase.borrow()
    }

    /// Moves on.
    pub fn set(&self, phase: Phase) {
        self.0.phase.send_replace(phase);
    }

    /// Asks `problem` from now on why a host that is ready cannot work, if so; the first one given counts.
    pub fn watch(&self, problem: impl Fn() -> Option<String> + Send + Sync + 'static) {
        let _ = self.0.problem.set(Box::new(problem));
    }

    /// Why what runs cannot work, as far as anybody watches it.
    pub(crate) fn problem(&self) -> Option<String> {
        self.0.problem.get().and_then(|problem| problem())
    }

    /// Answers once the host stops; at once when it does already. Dropping the future is safe.
    pub(crate) async fn stopping(&self) {
        let mut phase = self.0.phase.subscribe();
        // Fails only without a sender, and `self` is one.
        let _ = phase.wait_for(|phase| *phase == Phase::Stopping).await;
    }
}
