//! What this host believes it holds, and until when. Pure: time is handed in.

use std::collections::BTreeMap;
use std::time::Duration;

use azure::ETag;
use tokio::time::Instant;

use super::Hold;
use super::plan::{Change, Grip, Seen, Stage, Step};
use super::row::LeaseRow;

/// A change of what is held, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It was nobody's, or was let go for this host.
    Acquired,
    /// Somebody else wants it.
    Draining,
    /// Let go.
    Released,
    /// Somebody else has it, or the row is gone.
    Lost,
    /// The lease is over and could not be renewed.
    Fenced,
}

/// How long things last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) interval: Duration,
    pub(crate) renew_every: Duration,
    pub(crate) drain_max: Duration,
}

/// What this host holds and what it has seen.
#[derive(Debug)]
pub(crate) struct Book {
    terms: Terms,
    held: BTreeMap<u8, Held>,
    /// Which version of each row was seen last, and since when.
    seen: BTreeMap<u8, (ETag, Instant)>,
    is_closed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    /// Before the request was sent that took or renewed it.
    renewed_at: Instant,
    draining: Option<Draining>,
}

#[derive(Debug, Clone, Copy)]
struct Draining {
    until: Instant,
    is_done: bool,
}

impl Book {
    pub(crate) fn new(terms: Terms) -> Self {
        Self { terms, held: BTreeMap::new(), seen: BTreeMap::new(), is_closed: false }
    }

    /// Whether a partition is this host's at this moment.
    pub(crate) fn owns(&self, partition: u8, now: Instant) -> bool {
        self.held.get(&partition).is_some_and(|held| now < held.renewed_at + self.terms.interval)
    }

    pub(crate) fn state(&self) -> BTreeMap<u8, Hold> {
        let hold = |held: &Held| if held.draining.is_some() { Hold::Draining } else { Hold::Owned };
        self.held.iter().map(|(&partition, held)| (partition, hold(held))).collect()
    }

    /// When the next lease is over unless it is renewed.
    pub(crate) fn next_fence(&self) -> Option<Instant> {
        self.held.values().map(|held| held.renewed_at + self.terms.interval).min()
    }

    /// Drops what is over.
    pub(crate) fn fence(&mut self, now: Instant) -> Vec<(u8, News)> {
        let over: Vec<u8> = self.held.keys().copied().filter(|partition| !self.owns(*partition, now)).collect();
        over.into_iter().filter_map(|partition| self.drop(partition, News::Fenced)).collect()
    }

    /// Takes note of the rows as read by `now`.
    pub(crate) fn look(&mut self, rows: BTreeMap<u8, (LeaseRow, ETag)>, now: Instant) -> BTreeMap<u8, Seen> {
        self.seen.retain(|partition, _| rows.contains_key(partition));
        let seen = rows.into_iter().map(|(partition, (row, etag))| {
            let (last, since) = self.seen.entry(partition).or_insert_with(|| (etag.clone(), now));
            if *last != etag {
                (*last, *since) = (etag.clone(), now);
            }
            (partition, Seen { row, etag, unchanged_for: now.saturating_duration_since(*since) })
        });
        seen.collect()
    }

    /// What is held, as far as a plan needs it.
    pub(crate) fn grips(&self, now: Instant) -> BTreeMap<u8, Grip> {
        let stage = |held: &Held| match held.draining {
            None => Stage::Owned,
            Some(draining) if draining.is_done || now >= draining.until => Stage::Drained,
            Some(_) => Stage::Draining,
        };
        // A look that comes a little early must not put off the renewal to the next one.
        let period = self.terms.renew_every * 3 / 4;
        let is_due = |held: &Held| now.saturating_duration_since(held.renewed_at) >= period;
        let grip = |held: &Held| Grip { stage: stage(held), is_due: is_due(held) };
        self.held.iter().map(|(&partition, held)| (partition, grip(held))).collect()
    }

    /// Drops a partition.
    pub(crate) fn drop(&mut self, partition: u8, news: News) -> Option<(u8, News)> {
        self.held.remove(&partition).map(|_| (partition, news))
    }

    /// A step is about to be sent: what is let go of is let go of before anybody can see it.
    pub(crate) fn sending(&mut self, step: &Step) -> Option<(u8, News)> {
        match step.change {
            Change::Release => self.drop(step.partition, News::Released),
            Change::Claim | Change::Renew | Change::Drain | Change::Request => None,
        }
    }

    /// A step that was planned at `started`, and sent after that, has succeeded.
    pub(crate) fn sent(&mut self, step: &Step, started: Instant) -> Option<(u8, News)> {
        match step.change {
            Change::Claim if !self.is_closed => {
                self.held.insert(step.partition, Held { renewed_at: started, draining: None });
                Some((step.partition, News::Acquired))
            }
            // One that was fenced meanwhile stays so until it is claimed anew: others were told.
            Change::Renew => {
                self.held.get_mut(&step.partition)?.renewed_at = started;
                None
            }
            Change::Drain => {
                let held = self.held.get_mut(&step.partition)?;
                let until = started + self.terms.drain_max;
                (held.renewed_at, held.draining) = (started, Some(Draining { until, is_done: false }));
                Some((step.partition, News::Draining))
            }
            Change::Claim | Change::Release | Change::Request => None,
        }
    }

    /// Nothing of a partition is in hand any more. Answers whether that makes a difference.
    pub(crate) fn drained(&mut self, partition: u8) -> bool {
        let draining = self.held.get_mut(&partition).and_then(|held| held.draining.as_mut());
        draining.is_some_and(|draining| !std::mem::replace(&mut draining.is_done, true))
    }

    /// When a partition that is draining is let go of whether it is drained or not.
    pub(crate) fn next_drain_end(&self) -> Option<Instant> {
        self.held.values().filter_map(|held| Some(held.draining?.until)).min()
    }

    /// Drops everything, for good.
    pub(crate) fn close(&mut self) -> Vec<(u8, News)> {
        self.is_closed = true;
        std::mem::take(&mut self.held).into_keys().map(|partition| (partition, News::Released)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        interval: Duration::from_secs(30),
        renew_every: Duration::from_secs(10),
        drain_max: Duration::from_secs(10),
    };

    fn step(change: Change) -> Step {
        Step { partition: 1, change, row: LeaseRow::default(), etag: ETag("1".into()) }
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_lease_lasts_from_before_the_request_until_its_interval_is_over() {
        let (mut book, start) = (Book::new(TERMS), Instant::now());
        assert_eq!(book.sent(&step(Change::Claim), start), Some((1, News::Acquired)));
        assert!(book.owns(1, start + secs(30) - Duration::from_nanos(1)));
        assert!(!book.owns(1, start + secs(30)));
        assert_eq!(book.next_fence(), Some(start + secs(30)));
        assert_eq!(book.sent(&step(Change::Renew), start + secs(10)), None);
        assert!(book.owns(1, start + secs(39)));
        assert_eq!(book.fence(start + secs(39)), []);
        assert_eq!(book.fence(start + secs(40)), [(1, News::Fenced)]);
        assert_eq!((book.state(), book.next_fence()), (BTreeMap::new(), None));
    }

    #[test]
    fn a_renewal_that_succeeds_too_late_does_not_bring_back_what_was_fenced() {
        let (mut book, start) = (Book::new(TERMS), Instant::now());
        book.sent(&step(Change::Claim), start);
        book.fence(start + secs(30));
        assert_eq!(book.sent(&step(Change::Renew), start + secs(29)), None);
        assert_eq!(book.sent(&step(Change::Drain), start + secs(29)), None);
        assert!(!book.owns(1, start + secs(29)));
    }

    #[test]
    fn what_is_released_is_no_longer_owned_before_the_request_is_sent() {
        let (mut book, start) = (Book::new(TERMS), Instant::now());
        book.sent(&step(Change::Claim), start);
        assert_eq!(book.sending(&step(Change::Release)), Some((1, News::Released)));
        assert!(!book.owns(1, start));
        assert_eq!(book.sent(&step(Change::Release), start), None);
        assert!(!book.owns(1, start));
    }

    #[test]
    fn what_is_asked_for_is_not_owned() {
        let (mut book, start) = (Book::new(TERMS), Instant::now());
        assert_eq!((book.sending(&step(Change::Request)), book.sent(&step(Change::Request), start)), (None, None));
        assert!(!book.owns(1, start));
    }

    #[test]
    fn draining_ends_when_it_is_said_or_when_it_takes_too_long() {
        let stage = |book: &Book, at| book.grips(at)[&1].stage;
        for is_said in [false, true] {
            let (mut book, start) = (Book::new(TERMS), Instant::now());
            book.sent(&step(Change::Claim), start);
            assert!(!book.drained(1), "it is not draining yet");
            assert_eq!(stage(&book, start + secs(20)), Stage::Owned);
            assert_eq!(book.sent(&step(Change::Drain), start), Some((1, News::Draining)));
            assert_eq!(stage(&book, start + secs(9)), Stage::Draining);
            assert_eq!(book.state()[&1], Hold::Draining);
            if is_said {
                assert!(book.drained(1));
                assert!(!book.drained(1), "the second time makes no difference");
                assert_eq!(stage(&book, start + secs(9)), Stage::Drained);
            }
            assert_eq!(stage(&book, start + secs(10)), Stage::Drained);
        }
    }

    #[test]
    fn a_lease_is_due_a_little_before_its_period_is_over() {
        let (mut book, start) = (Book::new(TERMS), Instant::now());
        book.sent(&step(Change::Claim), start);
        assert!(!book.grips(start + secs(7))[&1].is_due);
        assert!(book.grips(start + secs(9))[&1].is_due);
    }

    #[test]
    fn how_long_a_row_has_not_changed_is_counted_from_the_first_look_at_that_version() {
        let (mut book, start) = (Book::new(TERMS), Instant::now());
        let rows = |etag: &str| BTreeMap::from([(1, (LeaseRow::default(), ETag(etag.into())))]);
        let mut unchanged = |etag, at| book.look(rows(etag), start + secs(at))[&1].unchanged_for;
        assert_eq!(unchanged("a", 5), secs(0));
        assert_eq!(unchanged("a", 12), secs(7));
        assert_eq!(unchanged("b", 20), secs(0));
        assert_eq!(unchanged("b", 21), secs(1));
    }

    #[test]
    fn nothing_is_acquired_after_everything_was_given_up() {
        let (mut book, start) = (Book::new(TERMS), Instant::now());
        book.sent(&step(Change::Claim), start);
        assert_eq!(book.close(), [(1, News::Released)]);
        assert_eq!(book.sent(&step(Change::Claim), start), None);
        assert_eq!(book.state(), BTreeMap::new());
    }
}
