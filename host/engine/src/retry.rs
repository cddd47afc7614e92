//! Retries that the host carries out by itself.

use std::time::Duration;

use minicbor::{Decode, Encode};

use crate::{Failure, Timestamp, limits};

/// When a failed attempt is followed by another. Persisted; see `wit/types.wit`.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct RetryPolicy {
    /// At least 1; 1 means no retry.
    #[n(0)]
    pub max_attempts: u32,
    /// The wait after the first failure.
    #[n(1)]
    pub first_interval_ms: u64,
    /// At least 1.0 and finite.
    #[n(2)]
    pub backoff_coefficient: f64,
    /// No wait is longer than this.
    #[n(3)]
    pub max_interval_ms: Option<u64>,
    /// No attempt begins later than this after the first was scheduled.
    #[n(4)]
    pub retry_timeout_ms: Option<u64>,
    /// Failure kinds that end the policy at once.
    #[n(5)]
    pub non_retriable_kinds: Vec<String>,
}

/// A failed attempt, as far as a retry policy looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailedAttempt<'a> {
    /// Which attempt since the policy began to count, from 1.
    pub(crate) attempt: u32,
    /// Why it failed.
    pub(crate) failure: &'a Failure,
    /// When the policy began to count.
    pub(crate) since: Timestamp,
    /// When the failure was taken note of.
    pub(crate) now: Timestamp,
}

impl RetryPolicy {
    /// When the next attempt may begin; none: this failure is the last word.
    ///
    /// Total over every policy, also one that no guest could have asked for.
    pub(crate) fn next_attempt(&self, failed: FailedAttempt<'_>) -> Option<Timestamp> {
        let FailedAttempt { attempt, failure, since, now } = failed;
        if failure.non_retriable || attempt >= self.max_attempts || self.non_retriable_kinds.contains(&failure.kind) {
            return None;
        }
        let retry_at = now.saturating_add(Duration::from_millis(self.interval_ms(attempt)));
        let retry_at = retry_at.min(Timestamp::from_millis(limits::TIME_MS_MAX));
        match self.retry_timeout_ms {
            Some(timeout) if retry_at > since.saturating_add(Duration::from_millis(timeout)) => None,
            _ => Some(retry_at),
        }
    }

    /// `min(first_interval * backoff_coefficient^(attempt-1), max_interval)`, never past the end of time.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "clamped to the range of exact integers first; rounding a wait by a millisecond harms nobody"
    )]
    fn interval_ms(&self, attempt: u32) -> u64 {
        let most = self.max_interval_ms.unwrap_or(u64::MAX).min(limits::TIME_MS_MAX);
        if self.first_interval_ms == 0 {
            return 0;
        }
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let interval = self.first_interval_ms as f64 * self.backoff_coefficient.powi(exponent);
        // A coefficient that is not a number makes the interval none either; `max` answers with the other side then.
        interval.max(0.0).min(most as f64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> RetryPolicy {
        RetryPolicy {
            max_attempts: 5,
            first_interval_ms: 1_000,
            backoff_coefficient: 2.0,
            max_interval_ms: None,
            retry_timeout_ms: None,
            non_retriable_kinds: vec!["card-declined".into()],
        }
    }

    /// Scheduled at 0, every failure taken note of at 10 s.
    fn retry_at_ms(policy: &RetryPolicy, attempt: u32, failure: &Failure) -> Option<u64> {
        let (since, now) = (Timestamp::from_millis(0), Timestamp::from_millis(10_000));
        policy.next_attempt(FailedAttempt { attempt, failure, since, now }).map(Timestamp::as_millis)
    }

    #[test]
    fn the_next_attempt_follows_the_table() {
        let flaky = Failure::new("timeout", "no answer");
        let huge = u64::MAX;
        #[rustfmt::skip]
        let table: &[(&str, RetryPolicy, u32, Option<u64>)] = &[
            ("first wait",                  policy(), 1, Some(11_000)),
            ("doubled",                     policy(), 2, Some(12_000)),
            ("doubled thrice",              policy(), 4, Some(18_000)),
            ("attempts used up",            policy(), 5, None),
            ("beyond the last attempt",     policy(), 6, None),
            ("one attempt only",            RetryPolicy { max_attempts: 1, ..policy() }, 1, None),
            ("capped",                      RetryPolicy { max_interval_ms: Some(3_000), ..policy() }, 4, Some(13_000)),
            ("timeout not reached",         RetryPolicy { retry_timeout_ms: Some(12_000), ..policy() }, 2, Some(12_000)),
            ("timeout reached",             RetryPolicy { retry_timeout_ms: Some(11_999), ..policy() }, 2, None),
            ("no growth",                   RetryPolicy { backoff_coefficient: 1.0, ..policy() }, 4, Some(11_000)),
            ("at once",                     RetryPolicy { first_interval_ms: 0, ..policy() }, 4, Some(10_000)),
            ("overflow stops at the end of time",
                RetryPolicy { max_attempts: u32::MAX, backoff_coefficient: 1e300, ..policy() }, 1_000_000, Some(limits::TIME_MS_MAX)),
            ("huge interval",               RetryPolicy { first_interval_ms: huge, ..policy() }, 1, Some(limits::TIME_MS_MAX)),
            ("huge coefficient, no wait",   RetryPolicy { first_interval_ms: 0, backoff_coefficient: f64::INFINITY, ..policy() }, 3, Some(10_000)),
            ("coefficient is not a number", RetryPolicy { backoff_coefficient: f64::NAN, ..policy() }, 2, Some(10_000)),
            ("coefficient is negative",     RetryPolicy { backoff_coefficient: -2.0, ..policy() }, 2, Some(10_000)),
        ];
        for (case, policy, attempt, expected) in table {
            assert_eq!(retry_at_ms(policy, *attempt, &flaky), *expected, "{case}");
        }
    }

    #[test]
    fn some_failures_end_every_policy() {
        let declined = Failure::new("card-declined", "no money");
        let final_one = Failure::new("timeout", "no answer").non_retriable();
        assert_eq!(retry_at_ms(&policy(), 1, &declined), None);
        assert_eq!(retry_at_ms(&policy(), 1, &final_one), None);
    }
}
