//! Requests by kind and outcome, while counting.

use measure::{Buckets, Counter, Distribution, Histogram, Timing};

use super::kind::{RequestKind, RequestOutcome, Service};
use crate::Error;

type ByOutcome = [Counter; RequestOutcome::ALL.len()];

/// Where requests are counted. Two relaxed additions and two looks at the clock for each.
#[derive(Debug)]
pub(super) struct Tally {
    requests: [ByOutcome; RequestKind::ALL.len()],
    seconds: [Histogram; Service::ALL.len()],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            requests: std::array::from_fn(|_| ByOutcome::default()),
            seconds: std::array::from_fn(|_| Histogram::new(Buckets::SLOW)),
        }
    }
}

impl Tally {
    /// Awaits a request and counts it. One that is dropped on the way counts, too: it may have been sent.
    pub(super) async fn count<T>(
        &self,
        kind: RequestKind,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.count_with(kind, request, |_| RequestOutcome::Ok).await
    }

    /// The same, with a look at what was answered.
    pub(super) async fn count_with<T>(
        &self,
        kind: RequestKind,
        request: impl Future<Output = Result<T, Error>>,
        answered: impl FnOnce(&T) -> RequestOutcome,
    ) -> Result<T, Error> {
        let mut entry = Entry { tally: self, kind, timing: Timing::begin(), outcome: RequestOutcome::Canceled };
        let answer = request.await;
        entry.outcome = answer.as_ref().map_or_else(RequestOutcome::of, answered);
        answer
    }

    pub(super) fn get(&self, kind: RequestKind, outcome: RequestOutcome) -> u64 {
        self.requests[kind as usize][outcome as usize].get()
    }

    pub(super) fn seconds(&self, service: Service) -> Distribution {
        self.seconds[service as usize].read()
    }
}

/// A request on its way; counted when it is dropped.
struct Entry<'a> {
    tally: &'a Tally,
    kind: RequestKind,
    timing: Timing,
    outcome: RequestOutcome,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let Self { tally, kind, timing, outcome } = *self;
        tally.requests[kind as usize][outcome as usize].add(1);
        timing.end(&tally.seconds[kind.service() as usize]);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn the_order_of_a_report_is_that_of_the_numbers() {
        assert!(RequestKind::ALL.iter().enumerate().all(|(index, kind)| *kind as usize == index));
        assert!(RequestOutcome::ALL.iter().enumerate().all(|(index, outcome)| *outcome as usize == index));
        assert!(Service::ALL.iter().enumerate().all(|(index, service)| *service as usize == index));
    }

    #[tokio::test]
    async fn a_request_is_counted_by_what_became_of_it() {
        let tally = Tally::default();
        let _ = tally.count(RequestKind::Transact, async { Err::<(), _>(Error::Changed) }).await;
        let _ = tally.count(RequestKind::Transact, async { Err::<(), _>(Error::Ambiguous(String::new())) }).await;
        let _ = tally.count(RequestKind::Transact, async { Ok(()) }).await;
        let all = RequestOutcome::ALL.map(|outcome| tally.get(RequestKind::Transact, outcome));
        assert_eq!(all, [1, 0, 1, 0, 0, 0, 1, 0, 0]);
        assert_eq!(tally.seconds(Service::Table).count(), 3);
    }

    #[test]
    fn a_request_that_nobody_waits_for_any_more_is_counted() {
        let tally = Tally::default();
        {
            let request = tally.count(RequestKind::QueuePut, std::future::pending::<Result<(), Error>>());
            let poll = pin!(request).poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(poll, Poll::Pending));
        }
        assert_eq!(tally.get(RequestKind::QueuePut, RequestOutcome::Canceled), 1);
    }
}
