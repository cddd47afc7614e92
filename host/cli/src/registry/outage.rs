//! Storage that does not answer while a component is looked up: that passes by itself, so it is waited for.
//!
//! Held, an instance would wait for a deployment that nobody makes; and an activity would be recorded as failed.

use std::time::Duration;

/// Between two attempts; the pause doubles.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// About an hour. An outage that is longer is somebody's business, and a held instance says so.
const ATTEMPTS_MAX: u32 = 720;

/// Tries again as long as `passes` says so of the failure.
pub(super) async fn outlast<T, E, F: Future<Output = Result<T, E>>>(
    attempt: impl Fn() -> F,
    passes: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let mut pause = PAUSE_MIN;
    for _ in 1..ATTEMPTS_MAX {
        match attempt().await {
            Err(error) if passes(&error) => {}
            answer => return answer,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_passes_is_outlasted_and_what_does_not_is_told_at_once() {
        let attempts = AtomicU32::new(0);
        let third = async || match attempts.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err("away"),
            _ => Ok("back"),
        };
        assert_eq!(outlast(&third, |error| *error == "away").await, Ok("back"));
        assert_eq!(attempts.swap(0, Ordering::SeqCst), 3);
        assert_eq!(outlast(&third, |_| false).await, Err("away"));
        assert_eq!(attempts.load(Ordering::SeqCst), 1);
    }
}
