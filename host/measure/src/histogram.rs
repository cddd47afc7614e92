//! How often each size was seen, while counting.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Distribution;

/// Where the buckets of a histogram end.
#[derive(Debug)]
pub enum Buckets {
    /// Of durations, in microseconds.
    Micros(&'static [u64]),
    /// Of counts.
    Counts(&'static [u64]),
}

impl Buckets {
    /// What happens in memory or on a disk, and may happen elsewhere: 20 µs to 10 s.
    pub const QUICK: Self = Self::Micros(&[
        20, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000, 10_000_000,
    ]);
    /// What goes over a network, or waits: 1 ms to a minute.
    pub const SLOW: Self = Self::Micros(&[
        1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000, 30_000_000, 60_000_000,
    ]);
    /// What is done together: 1 to 1,000.
    pub const BATCH: Self = Self::Counts(&[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]);
    /// Lengths of histories: 1 to 100,000.
    pub const LENGTH: Self = Self::Counts(&[1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]);

    fn bounds(&self) -> &'static [u64] {
        match self {
            Self::Micros(bounds) | Self::Counts(bounds) => bounds,
        }
    }
}

/// Sizes, sorted into buckets. Recording one is two relaxed additions.
#[derive(Debug)]
pub struct Histogram {
    buckets: Buckets,
    /// One more than there are bounds: the last is for what is above all of them.
    counts: Box<[AtomicU64]>,
    /// In nanoseconds, or what is counted. Nanoseconds last for 584 years.
    sum: AtomicU64,
}

impl Histogram {
    /// Without anything in it.
    pub fn new(buckets: Buckets) -> Self {
        let counts = (0..=buckets.bounds().len()).map(|_| AtomicU64::new(0)).collect();
        Self { buckets, counts, sum: AtomicU64::new(0) }
    }

    /// Something took that long. Only for a histogram of durations.
    pub fn took(&self, duration: Duration) {
        debug_assert!(matches!(self.buckets, Buckets::Micros(_)), "this one counts");
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        // Rounded up, because a bound is part of its bucket.
        self.record(nanos.div_ceil(1_000), nanos);
    }

    /// There were that many. Only for a histogram of counts.
    pub fn counted(&self, count: usize) {
        debug_assert!(matches!(self.buckets, Buckets::Counts(_)), "this one takes durations");
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.record(count, count);
    }

    fn record(&self, size: u64, summand: u64) {
        let bucket = self.buckets.bounds().partition_point(|bound| *bound < size);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(summand, Ordering::Relaxed);
    }

    /// What was seen so far. What is recorded meanwhile may be in its bucket and not yet in the sum.
    pub fn read(&self) -> Distribution {
        let (per_bound, per_summand) = match self.buckets {
            Buckets::Micros(_) => (1e6, 1e9),
            Buckets::Counts(_) => (1.0, 1.0),
        };
        let bounds = self.buckets.bounds().iter().map(|bound| float(*bound) / per_bound);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets = bounds.chain([f64::INFINITY]).zip(counts).collect();
        Distribution { buckets, sum: float(self.sum.load(Ordering::Relaxed)) / per_summand }
    }
}

/// The time since something began.
#[derive(Debug, Clone, Copy)]
pub struct Timing(Instant);

impl Timing {
    /// It begins now.
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// It has ended.
    pub fn end(self, histogram: &Histogram) {
        histogram.took(self.0.elapsed());
    }
}

#[expect(clippy::cast_precision_loss, reason = "a report needs no more than 53 bits")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(histogram: &Histogram) -> Vec<(f64, u64)> {
        histogram.read().buckets.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    #[test]
    fn a_bound_belongs_to_its_bucket_and_a_nanosecond_more_does_not() {
        let histogram = Histogram::new(Buckets::QUICK);
        histogram.took(Duration::from_micros(50));
        assert_eq!(filled(&histogram), [(0.000_05, 1)]);
        histogram.took(Duration::from_nanos(50_001));
        assert_eq!(filled(&histogram), [(0.000_05, 1), (0.000_1, 1)]);
    }

    #[test]
    fn what_exceeds_all_bounds_is_in_the_last_bucket() {
        let histogram = Histogram::new(Buckets::BATCH);
        histogram.counted(0);
        histogram.counted(1_001);
        assert_eq!(filled(&histogram), [(1.0, 1), (f64::INFINITY, 1)]);
    }

    #[test]
    fn the_sum_is_in_seconds_or_in_what_is_counted() {
        let durations = Histogram::new(Buckets::SLOW);
        durations.took(Duration::from_millis(1_500));
        durations.took(Duration::from_secs(2));
        assert!((durations.read().sum - 3.5).abs() < 1e-9);
        let counts = Histogram::new(Buckets::LENGTH);
        counts.counted(40);
        counts.counted(2);
        assert!((counts.read().sum - 42.0).abs() < 1e-9);
    }

    #[test]
    fn parts_add_up() {
        let parts = [3, 7].map(|count| {
            let part = Histogram::new(Buckets::BATCH);
            part.counted(count);
            part.read()
        });
        let sum: Distribution = parts.iter().sum();
        assert_eq!(sum.count(), 2);
        assert!((sum.sum - 10.0).abs() < 1e-9);
    }

    #[test]
    fn bounds_ascend() {
        for buckets in [Buckets::QUICK, Buckets::SLOW, Buckets::BATCH, Buckets::LENGTH] {
            assert!(buckets.bounds().is_sorted_by(|one, next| one < next), "{buckets:?}");
        }
    }
}
