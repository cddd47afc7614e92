//! Retries that the host carries out by itself.

use std::time::Duration;

use crate::bindings::types::RetryPolicy;
use crate::time::as_millis;

/// When a failed activity or child is tried again.
///
/// The host does it: the orchestration hears only of the last outcome, and its history stays short.
/// Attempt n+1 begins `first_interval * backoff^(n-1)`, at most `max_interval`, after attempt n failed.
///
/// ```
/// use rondo::{Retry, secs, minutes};
///
/// let patient = Retry::attempts(8).first_interval(secs(1)).backoff(2.0).max_interval(minutes(1)).unless("card-declined");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a policy does nothing until a call gets it"]
pub struct Retry(RetryPolicy);

impl Retry {
    /// So many attempts in all, one second apart. 0 counts as 1, which means no retry.
    pub fn attempts(max: u32) -> Self {
        Self(RetryPolicy {
            max_attempts: max.max(1),
            first_interval: 1_000,
            backoff_coefficient: 1.0,
            max_interval: None,
            retry_timeout: None,
            non_retriable_kinds: Vec::new(),
        })
    }

    /// How long to wait after the first failure.
    pub fn first_interval(mut self, interval: Duration) -> Self {
        self.0.first_interval = as_millis(interval);
        self
    }

    /// By what each wait is longer than the one before. Values below 1 and infinities count as 1.
    pub fn backoff(mut self, coefficient: f64) -> Self {
        self.0.backoff_coefficient = if coefficient.is_finite() { coefficient.max(1.0) } else { 1.0 };
        self
    }

    /// No wait is longer than this.
    pub fn max_interval(mut self, interval: Duration) -> Self {
        self.0.max_interval = Some(as_millis(interval));
        self
    }

    /// No attempt begins later than this after the first one was scheduled.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.retry_timeout = Some(as_millis(timeout));
        self
    }

    /// Failures of this kind are final.
    pub fn unless(mut self, kind: impl Into<String>) -> Self {
        self.0.non_retriable_kinds.push(kind.into());
        self
    }

    pub(crate) fn into_policy(self) -> RetryPolicy {
        self.0
    }
}
