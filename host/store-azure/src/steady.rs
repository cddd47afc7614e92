//! Trying again: with a bound, a growing pause, and jitter.

use std::time::Duration;

use azure::Error;
use store::{Outcome, StorageError};

use crate::limits;

/// Repeats a request that may be repeated whatever became of it: a read, or a write that changes nothing the second
/// time.
pub(crate) async fn repeat<T, F: Future<Output = Result<T, Error>>>(request: impl Fn() -> F) -> Result<T, Error> {
    let mut attempt = 0;
    loop {
        match request().await {
            Err(error) if is_transient(&error) && attempt + 1 < limits::STEP_ATTEMPTS_MAX => {
                pause(attempt, &error).await;
                attempt += 1;
            }
            answer => return answer,
        }
    }
}

/// Whether the service may answer otherwise later.
pub(crate) fn is_transient(error: &Error) -> bool {
    error.is_not_done() || matches!(error, Error::Ambiguous(_))
}

/// Waits before try `attempt + 1`: as long as the service asked for, else longer each time, up to half of it at random.
pub(crate) async fn pause(attempt: u32, error: &Error) {
    let asked = match error {
        Error::Throttled { retry_after } => *retry_after,
        _ => None,
    };
    tokio::time::sleep(asked.map_or_else(|| back_off(attempt), |asked| asked.min(limits::RETRY_PAUSE_MAX))).await;
}

/// The pause before try `attempt + 1`.
pub(crate) fn back_off(attempt: u32) -> Duration {
    let whole = limits::RETRY_PAUSE.saturating_mul(1 << attempt.min(16)).min(limits::RETRY_PAUSE_MAX);
    whole / 2 + whole.mul_f64(fastrand::f64() / 2.0)
}

/// As the contract of backends says it.
pub(crate) fn failure(operation: &'static str, error: Error) -> StorageError {
    let outcome = match &error {
        // Of the latter, what is missing is the table or the queue itself: the hub was deleted, or is being made.
        Error::Throttled { .. } | Error::Unreachable(_) | Error::NotFound | Error::Exists | Error::Changed => {
            Outcome::NotDone
        }
        Error::Refused(_) => Outcome::Permanent,
        // Ambiguous, and whatever else there may be one day.
        _ => Outcome::Unknown,
    };
    StorageError::new(operation, outcome, error)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_fails_for_now_is_repeated_a_few_times() {
        let tries = Cell::new(0);
        let answer = repeat(|| async {
            tries.set(tries.get() + 1);
            if tries.get() < 3 { Err(Error::Throttled { retry_after: None }) } else { Ok(tries.get()) }
        });
        assert_eq!(answer.await.unwrap(), 3);
        tries.set(0);
        let answer = repeat(|| async {
            tries.set(tries.get() + 1);
            Err::<(), _>(Error::Ambiguous("no answer".to_owned()))
        });
        assert!(matches!(answer.await, Err(Error::Ambiguous(_))));
        assert_eq!(tries.get(), limits::STEP_ATTEMPTS_MAX);
    }

    #[tokio::test]
    async fn what_cannot_succeed_is_tried_once() {
        let tries = Cell::new(0);
        let answer = repeat(|| async {
            tries.set(tries.get() + 1);
            Err::<(), _>(Error::Changed)
        });
        assert!(matches!(answer.await, Err(Error::Changed)));
        assert_eq!(tries.get(), 1);
    }

    #[test]
    fn pauses_grow_to_their_bound_and_never_vanish() {
        for attempt in 0..100 {
            let pause = back_off(attempt);
            assert!(pause <= limits::RETRY_PAUSE_MAX && pause >= limits::RETRY_PAUSE / 2);
        }
        assert!(back_off(10) >= limits::RETRY_PAUSE_MAX / 2);
    }
}
