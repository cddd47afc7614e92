//! A histogram as it was at one time.

/// How often each size was seen. In the base unit: seconds, or whatever was counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Distribution {
    /// Upper bounds, included, in ascending order, and how many are below each and above the one before. The last bound
    /// is infinite. Empty if this is a sum of nothing.
    pub buckets: Vec<(f64, u64)>,
    /// All sizes added up.
    pub sum: f64,
}

impl Distribution {
    /// How many were seen.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// What both have seen. They must have the same bounds, or none.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
        } else {
            debug_assert_eq!(self.buckets.len(), other.buckets.len(), "histograms of different things");
            for (bucket, added) in self.buckets.iter_mut().zip(&other.buckets) {
                bucket.1 += added.1;
            }
        }
        self.sum += other.sum;
        self
    }
}

impl<'a> std::iter::Sum<&'a Distribution> for Distribution {
    fn sum<I: Iterator<Item = &'a Distribution>>(parts: I) -> Self {
        parts.fold(Self::default(), Self::plus)
    }
}
