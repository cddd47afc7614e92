//! When the host would try again.

use crate::bindings::types::{Failure, RetryPolicy};

/// The time of the attempt after `attempt`, which failed at `now_ms`; none when that was the last one.
pub(super) fn next_attempt(
    policy: Option<&RetryPolicy>,
    failure: &Failure,
    attempt: u32,
    first_ms: u64,
    now_ms: u64,
) -> Option<u64> {
    let policy = policy?;
    if attempt >= policy.max_attempts || failure.non_retriable || policy.non_retriable_kinds.contains(&failure.kind) {
        return None;
    }
    let exponent = i32::try_from(attempt - 1).unwrap_or(i32::MAX);
    #[expect(clippy::cast_precision_loss, reason = "intervals stay below 2^53 ms")]
    let interval = policy.first_interval as f64 * policy.backoff_coefficient.powi(exponent);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, none is negative")]
    let interval = (interval as u64).min(policy.max_interval.unwrap_or(u64::MAX));
    let at = now_ms.saturating_add(interval);
    let is_late = policy.retry_timeout.is_some_and(|timeout| at > first_ms.saturating_add(timeout));
    (!is_late).then_some(at)
}
