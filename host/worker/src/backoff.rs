//! How long to pause before trying again.

use std::time::Duration;

use crate::limits;

/// Doubling pauses with jitter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
}

impl Backoff {
    /// After a failure of storage.
    pub(crate) const STORAGE: Self = Self { first: limits::STORAGE_BACKOFF_FIRST, max: limits::STORAGE_BACKOFF_MAX };
    /// After a fetch that answered with nothing at once.
    pub(crate) const EMPTY_FETCH: Self =
        Self { first: limits::EMPTY_FETCH_BACKOFF_FIRST, max: limits::EMPTY_FETCH_BACKOFF_MAX };

    /// The pause before attempt `attempt`, counted from 0, which does not wait; with jitter.
    pub(crate) fn before(self, attempt: u32) -> Duration {
        self.jittered(attempt, fastrand::f64())
    }

    /// Between half of the doubled pause and all of it, by `random` in `0.0..1.0`.
    fn jittered(self, attempt: u32, random: f64) -> Duration {
        let Some(doublings) = attempt.checked_sub(1) else { return Duration::ZERO };
        let full = self.first.saturating_mul(2_u32.saturating_pow(doublings)).min(self.max);
        full.mul_f64(0.5 + random / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u128> =
            [0, 1, 2, 3, 7, 8, 1_000].map(|n| Backoff::STORAGE.jittered(n, 1.0).as_millis()).to_vec();
        assert_eq!(pauses, [0, 50, 100, 200, 3_200, 5_000, 5_000]);
    }

    #[test]
    fn jitter_takes_up_to_half_away() {
        assert_eq!(Backoff::STORAGE.jittered(1, 0.0), Duration::from_millis(25));
    }
}
