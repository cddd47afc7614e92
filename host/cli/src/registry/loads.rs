//! Turns at loading: one for each component, and a few at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use engine::Digest;
use tokio::sync::{OwnedMutexGuard, Semaphore, SemaphorePermit};

use crate::limits::LOADS_AT_ONCE_MAX;

type Gate = Arc<tokio::sync::Mutex<()>>;

/// Hands out turns.
#[derive(Debug)]
pub(super) struct Loads {
    gates: Mutex<HashMap<Digest, Gate>>,
    permits: Semaphore,
}

/// The right to load one component. Whoever waited for the same one finds it loaded afterwards.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    loads: &'a Loads,
    digest: Digest,
    gate: Option<OwnedMutexGuard<()>>,
    _permit: Option<SemaphorePermit<'a>>,
}

impl Default for Loads {
    fn default() -> Self {
        Self { gates: Mutex::default(), permits: Semaphore::new(LOADS_AT_ONCE_MAX) }
    }
}

impl Loads {
    /// Waits for the turn to load a component. Dropping the future gives it up.
    pub(super) async fn turn(&self, digest: Digest) -> Turn<'_> {
        let gate = {
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(gates.entry(digest).or_default())
        };
        let gate = Some(gate.lock_owned().await);
        // The semaphore is never closed.
        let permit = self.permits.acquire().await.ok();
        Turn { loads: self, digest, gate, _permit: permit }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.gate = None;
        let mut gates = self.loads.gates.lock().unwrap_or_else(PoisonError::into_inner);
        // Gates that nobody waits at are forgotten, so that the map holds no more than what is being loaded.
        if gates.get(&self.digest).is_some_and(|gate| Arc::strong_count(gate) == 1) {
            gates.remove(&self.digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn is_pending(future: impl Future) -> bool {
        matches!(pin!(future).poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
    }

    #[tokio::test]
    async fn one_component_is_loaded_once_at_a_time() {
        let loads = Loads::default();
        let first = loads.turn(Digest::of(b"a")).await;
        assert!(is_pending(loads.turn(Digest::of(b"a"))));
        drop(first);
        assert!(!is_pending(loads.turn(Digest::of(b"a"))));
    }

    #[tokio::test]
    async fn only_a_few_components_are_loaded_at_a_time() {
        let loads = Loads::default();
        let mut turns = Vec::new();
        for number in 0..LOADS_AT_ONCE_MAX {
            turns.push(loads.turn(Digest::of(&number.to_be_bytes())).await);
        }
        assert!(is_pending(loads.turn(Digest::of(b"another"))));
    }

    #[tokio::test]
    async fn nothing_is_kept_of_past_turns() {
        let loads = Loads::default();
        drop(loads.turn(Digest::of(b"a")).await);
        assert!(loads.gates.lock().unwrap().is_empty());
    }
}
