//! How long things take, and how much there is of them at a time.

use measure::{Buckets, Distribution, Histogram};

/// What one shard measures. No other thread records in here, but for backends that answer on one of their own.
#[derive(Debug)]
pub(crate) struct Measures {
    /// Running a turn: the engine, the guest, and what is decided afterwards.
    pub(crate) turn: Histogram,
    /// From handing a commit to the backend until its answer.
    pub(crate) commit: Histogram,
    /// How long the first message of a turn has been in front of it.
    pub(crate) wait: Histogram,
    /// Messages that a turn took in.
    pub(crate) messages: Histogram,
    /// Events that were folded because an instance was not warm.
    pub(crate) replay: Histogram,
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            turn: Histogram::new(Buckets::QUICK),
            commit: Histogram::new(Buckets::QUICK),
            wait: Histogram::new(Buckets::SLOW),
            messages: Histogram::new(Buckets::BATCH),
            replay: Histogram::new(Buckets::LENGTH),
        }
    }
}

/// How long attempts of activities took.
#[derive(Debug)]
pub(crate) struct ActivityMeasures {
    pub(crate) completed: Histogram,
    pub(crate) failed: Histogram,
}

impl Default for ActivityMeasures {
    fn default() -> Self {
        Self { completed: Histogram::new(Buckets::SLOW), failed: Histogram::new(Buckets::SLOW) }
    }
}

/// What a worker has measured since it began; times in seconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Distributions {
    /// Running a turn: the engine, the guest, and what is decided afterwards.
    pub turn_seconds: Distribution,
    /// From handing a commit to the backend until its answer, whatever it is.
    pub commit_seconds: Distribution,
    /// How long the first message of a turn was in this host's memory before the turn; to the millisecond.
    pub wait_seconds: Distribution,
    /// Messages that a turn took in; none for one that was only woken up.
    pub turn_messages: Distribution,
    /// Events of the histories that were read and folded, because their instances were not warm.
    pub replay_events: Distribution,
    /// Attempts of activities that yielded a result.
    pub activity_completed_seconds: Distribution,
    /// Attempts of activities that failed.
    pub activity_failed_seconds: Distribution,
}

impl Distributions {
    pub(crate) fn read<'a>(shards: impl Iterator<Item = &'a Measures>, activities: &ActivityMeasures) -> Self {
        let mut sum = Self {
            activity_completed_seconds: activities.completed.read(),
            activity_failed_seconds: activities.failed.read(),
            ..Self::default()
        };
        for Measures { turn, commit, wait, messages, replay } in shards {
            add(&mut sum.turn_seconds, turn);
            add(&mut sum.commit_seconds, commit);
            add(&mut sum.wait_seconds, wait);
            add(&mut sum.turn_messages, messages);
            add(&mut sum.replay_events, replay);
        }
        sum
    }
}

fn add(sum: &mut Distribution, part: &Histogram) {
    *sum = std::mem::take(sum).plus(&part.read());
}
