//! Passing activities on to other hosts, and taking what they have passed on.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::{InstanceId, Message};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use store::{ActivityQueue, OfferedActivity, StorageError, TakenActivity, TakenId};
use tokio::task::{AbortHandle, JoinSet};

use super::queue::{Job, Origin, Queue};
use crate::backoff::Backoff;
use crate::shard::ActivityKey;
use crate::shard_loop::lost;
use crate::stats::ActivityGauge;
use crate::{fields, limits};

/// What a worker does with the backend's queue of activities.
///
/// All of it happens in tokio tasks, the errands; this only remembers which there are. A backend that fails costs
/// nothing but the help of others: what cannot be offered waits here.
pub(super) struct Sharing {
    queue: Arc<dyn ActivityQueue>,
    gauge: Arc<ActivityGauge>,
    /// Attempts that may wait here before others are offered.
    waiting_max: usize,
    errands: JoinSet<Errand>,
    /// The attempts being offered, by the number of the errand.
    offering: BTreeMap<u64, Offering>,
    offers: u64,
    offers_failed: u32,
    /// Offers failed, and are not tried again for now.
    is_resting: bool,
    taking: Option<AbortHandle>,
    takes_failed: u32,
    takes_empty: u32,
    take_was_withdrawn: bool,
    /// Taken, and neither finished nor given back.
    taken: BTreeSet<TakenId>,
}

struct Offering {
    key: ActivityKey,
    is_canceled: bool,
}

/// What an errand came back with.
pub(super) enum Errand {
    Offered { number: u64, job: Box<Job>, result: Result<(), StorageError> },
    Took(Result<Vec<TakenActivity>, StorageError>),
    GaveBack(TakenId),
    Rested,
}

impl Sharing {
    pub(super) fn new(queue: Arc<dyn ActivityQueue>, waiting_max: usize, gauge: Arc<ActivityGauge>) -> Self {
        Self {
            queue,
            gauge,
            waiting_max,
            errands: JoinSet::new(),
            offering: BTreeMap::new(),
            offers: 0,
            offers_failed: 0,
            is_resting: false,
            taking: None,
            takes_failed: 0,
            takes_empty: 0,
            take_was_withdrawn: false,
            taken: BTreeSet::new(),
        }
    }

    /// Offers what is too much, and asks for more if there is room.
    pub(super) fn balance(&mut self, jobs: &mut Queue) {
        while !self.is_resting && jobs.waiting() > self.waiting_max && self.offering.len() < limits::OFFERS_AT_ONCE_MAX
        {
            let Some(job) = jobs.take_newest_own() else { break };
            self.offer(job);
        }
        let has_room = jobs.waiting() == 0 && jobs.places() > 0;
        match (has_room, &self.taking) {
            (true, None) => self.take(jobs.places()),
            (false, Some(_)) => self.withdraw(),
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// Waits for an errand to come back; forever if there is none.
    pub(super) async fn next(&mut self) -> Errand {
        loop {
            match self.errands.join_next().await {
                Some(Ok(errand)) => return errand,
                // It was withdrawn: errands catch panics.
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Makes of an errand's answer what there is to make of it.
    pub(super) fn returned(&mut self, errand: Errand, jobs: &mut Queue) {
        match errand {
            Errand::Offered { number, job, result } => self.offered(number, *job, result, jobs),
            Errand::Took(taken) => self.took(taken, jobs),
            Errand::GaveBack(id) => self.finished(id),
            Errand::Rested => self.is_resting = false,
        }
    }

    /// Forgets an attempt that is being offered; false when it is not. Once it has been offered, it is run by whoever
    /// takes it, and its result leads to nothing.
    pub(super) fn cancel(&mut self, key: &ActivityKey) -> bool {
        let offering = self.offering.values_mut().find(|offering| offering.key == *key && !offering.is_canceled);
        offering.map(|offering| offering.is_canceled = true).is_some()
    }

    /// A taken attempt is no longer this worker's.
    pub(super) fn finished(&mut self, id: TakenId) {
        self.taken.remove(&id);
    }

    /// Whether offers are on their way.
    pub(super) fn is_offering(&self) -> bool {
        !self.offering.is_empty()
    }

    /// Takes nothing more, and gives back what has not begun.
    pub(super) fn stop(&mut self, jobs: &mut Queue) {
        self.withdraw();
        for id in jobs.take_taken() {
            self.give_back(id);
        }
    }

    /// Gives back all that is still taken.
    pub(super) async fn give_back_all(mut self) {
        self.errands.abort_all();
        while let Some(errand) = self.errands.join_next().await {
            match errand {
                // A question that was withdrawn may have been answered nevertheless.
                Ok(Errand::Took(Ok(taken))) => self.taken.extend(taken.into_iter().map(|taken| taken.id)),
                Ok(Errand::GaveBack(id)) => self.finished(id),
                Ok(Errand::Took(Err(_)) | Errand::Offered { .. } | Errand::Rested) | Err(_) => {}
            }
        }
        let given_back = join_all(self.taken.iter().map(|id| give_back(&*self.queue, *id)));
        if tokio::time::timeout(limits::GIVE_BACK_MAX, given_back).await.is_err() {
            tracing::warn!("some activities of other hosts could not be given back; they return by themselves");
        }
    }

    fn offer(&mut self, job: Job) {
        self.offers += 1;
        let number = self.offers;
        self.offering.insert(number, Offering { key: ActivityKey::of(&job.task), is_canceled: false });
        let queue = Arc::clone(&self.queue);
        self.errands.spawn(async move {
            let activity = OfferedActivity { task: job.task.clone(), component: job.component };
            let result = guarded("offer", queue.offer(activity)).await;
            Errand::Offered { number, job: Box::new(job), result }
        });
    }

    fn offered(&mut self, number: u64, job: Job, result: Result<(), StorageError>, jobs: &mut Queue) {
        let Some(Offering { is_canceled, .. }) = self.offering.remove(&number) else { return };
        match result {
            Ok(()) => {
                self.offers_failed = 0;
                self.gauge.offered.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                tracing::debug!(
                    { fields::INSTANCE_ID } = %job.task.instance_id,
                    { fields::ERROR } = %error,
                    cause = %error.source,
                    "an activity could not be left to other hosts and waits here"
                );
                if !is_canceled {
                    jobs.push(job);
                }
                if !self.is_resting {
                    self.is_resting = true;
                    self.offers_failed = self.offers_failed.saturating_add(1);
                    let rest = Backoff::STORAGE.before(self.offers_failed);
                    self.errands.spawn(async move {
                        tokio::time::sleep(rest).await;
                        Errand::Rested
                    });
                }
            }
        }
    }

    fn take(&mut self, max: usize) {
        let pause = Backoff::STORAGE
            .before(self.takes_failed)
            .max(Backoff::EMPTY_FETCH.before(self.takes_empty))
            .max(if self.take_was_withdrawn { limits::TAKE_PAUSE } else { Duration::ZERO });
        let queue = Arc::clone(&self.queue);
        self.taking = Some(self.errands.spawn(async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            Errand::Took(guarded("take", queue.take(max)).await)
        }));
    }

    /// No longer asks for activities. What the backend has answered already is still heard.
    fn withdraw(&mut self) {
        if let Some(taking) = self.taking.take() {
            taking.abort();
            self.take_was_withdrawn = true;
        }
    }

    fn took(&mut self, taken: Result<Vec<TakenActivity>, StorageError>, jobs: &mut Queue) {
        if self.taking.as_ref().is_some_and(AbortHandle::is_finished) {
            self.taking = None;
            self.take_was_withdrawn = false;
        }
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => {
                self.takes_failed = self.takes_failed.saturating_add(1);
                tracing::debug!(
                    { fields::ERROR } = %error,
                    cause = %error.source,
                    "activities of other hosts could not be taken"
                );
                return;
            }
        };
        self.takes_failed = 0;
        self.takes_empty = if taken.is_empty() { self.takes_empty.saturating_add(1) } else { 0 };
        // There may be less room than when they were asked for.
        let room = jobs.places().saturating_sub(jobs.waiting());
        for (number, TakenActivity { id, activity }) in taken.into_iter().enumerate() {
            self.taken.insert(id);
            if number < room {
                self.gauge.taken.fetch_add(1, Ordering::Relaxed);
                let OfferedActivity { task, component } = activity;
                jobs.push(Job { task, component, origin: Origin::Taken(id) });
            } else {
                self.give_back(id);
            }
        }
    }

    fn give_back(&mut self, id: TakenId) {
        let queue = Arc::clone(&self.queue);
        self.errands.spawn(async move {
            give_back(&*queue, id).await;
            Errand::GaveBack(id)
        });
    }
}

/// Tells the backend how a taken attempt ended, for as long as it takes. False: it cannot be told.
pub(super) async fn finish(queue: &dyn ActivityQueue, id: TakenId, instance_id: &InstanceId, result: &Message) -> bool {
    let mut attempt = 0_u32;
    loop {
        tokio::time::sleep(Backoff::STORAGE.before(attempt)).await;
        match guarded("finish", queue.finish(id, result.clone())).await {
            Ok(()) => return true,
            Err(error) if error.is_transient() => attempt = attempt.saturating_add(1),
            Err(error) => {
                // Giving it back would only have it run, and fail, again and again.
                tracing::error!(
                    { fields::INSTANCE_ID } = %instance_id,
                    { fields::ERROR } = %error,
                    cause = %error.source,
                    "the result of an activity could not be delivered; the activity is run again after a restart"
                );
                return false;
            }
        }
    }
}

/// Leaves a taken attempt to others, trying a few times. What cannot be given back returns by itself.
async fn give_back(queue: &dyn ActivityQueue, id: TakenId) {
    for attempt in 0..limits::GIVE_BACK_ATTEMPTS_MAX {
        tokio::time::sleep(Backoff::STORAGE.before(attempt)).await;
        match guarded("give_back", queue.give_back(id)).await {
            Ok(()) => return,
            Err(error) if error.is_transient() => {}
            Err(error) => {
                tracing::warn!({ fields::ERROR } = %error, cause = %error.source, "an activity could not be given back");
                return;
            }
        }
    }
}

/// What the backend answers, or that it panicked instead.
async fn guarded<T>(
    operation: &'static str,
    answer: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| Err(lost(operation)))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use engine::{ActivityTask, ExecutionId, TaskId};
    use store::Outcome;
    use tokio::sync::Semaphore;

    use super::*;

    /// Answers once there is a permit: offers with a failure, takes with what there is.
    struct Slow {
        answers: Semaphore,
        there: Mutex<Vec<TakenActivity>>,
        given_back: Mutex<Vec<TakenId>>,
    }

    #[async_trait]
    impl ActivityQueue for Slow {
        async fn offer(&self, _: OfferedActivity) -> Result<(), StorageError> {
            self.answers.acquire().await.unwrap().forget();
            Err(StorageError::new("offer", Outcome::NotDone, "injected"))
        }

        async fn take(&self, _: usize) -> Result<Vec<TakenActivity>, StorageError> {
            self.answers.acquire().await.unwrap().forget();
            Ok(self.there.lock().unwrap().drain(..).collect())
        }

        async fn finish(&self, _: TakenId, _: Message) -> Result<(), StorageError> {
            panic!("nothing is finished here")
        }

        async fn give_back(&self, id: TakenId) -> Result<(), StorageError> {
            self.given_back.lock().unwrap().push(id);
            Ok(())
        }
    }

    fn job(task: u32) -> Job {
        let task = ActivityTask {
            instance_id: InstanceId::new("a").unwrap(),
            execution_id: ExecutionId::from_bytes([1; 16]),
            task: TaskId(task),
            attempt: 1,
            name: "x".to_owned(),
            input: None,
            trace_context: None,
        };
        Job { task, component: None, origin: Origin::Shard(0) }
    }

    fn sharing(waiting_max: usize) -> (Arc<Slow>, Sharing) {
        let queue =
            Arc::new(Slow { answers: Semaphore::new(0), there: Mutex::default(), given_back: Mutex::default() });
        (Arc::clone(&queue), Sharing::new(queue, waiting_max, Arc::default()))
    }

    /// The next errand to come back; none comes back when something is broken.
    async fn returned(sharing: &mut Sharing) -> Errand {
        tokio::time::timeout(Duration::from_secs(30), sharing.next()).await.unwrap()
    }

    async fn answer(queue: &Slow, sharing: &mut Sharing, jobs: &mut Queue) {
        queue.answers.add_permits(1);
        let errand = returned(sharing).await;
        sharing.returned(errand, jobs);
    }

    #[tokio::test]
    async fn what_cannot_be_offered_waits_here_unless_it_was_canceled_meanwhile() {
        let (queue, mut sharing) = sharing(0);
        let mut jobs = Queue::new(1, 1);
        jobs.push(job(0));
        jobs.next().unwrap();
        jobs.push(job(1));
        jobs.push(job(2));
        sharing.balance(&mut jobs);
        assert_eq!((jobs.waiting(), sharing.offering.len()), (0, 2));
        assert!(sharing.cancel(&ActivityKey::of(&job(1).task)));
        assert!(!sharing.cancel(&ActivityKey::of(&job(1).task)), "it is forgotten already");
        answer(&queue, &mut sharing, &mut jobs).await;
        answer(&queue, &mut sharing, &mut jobs).await;
        assert_eq!(jobs.take_newest_own(), Some(job(2)));
        assert_eq!((jobs.waiting(), sharing.is_offering()), (0, false));
    }

    #[tokio::test]
    async fn after_a_failure_offers_rest() {
        let (queue, mut sharing) = sharing(0);
        let mut jobs = Queue::new(1, 1);
        jobs.push(job(0));
        jobs.next().unwrap();
        jobs.push(job(1));
        sharing.balance(&mut jobs);
        answer(&queue, &mut sharing, &mut jobs).await;
        sharing.balance(&mut jobs);
        assert_eq!((jobs.waiting(), sharing.is_offering()), (1, false));
        let errand = returned(&mut sharing).await;
        assert!(matches!(errand, Errand::Rested));
        sharing.returned(errand, &mut jobs);
        sharing.balance(&mut jobs);
        assert_eq!((jobs.waiting(), sharing.is_offering()), (0, true));
    }

    #[tokio::test]
    async fn a_burst_is_offered_in_portions() {
        let (_queue, mut sharing) = sharing(3);
        let mut jobs = Queue::new(1, 1);
        for task in 0..100 {
            jobs.push(job(task));
        }
        sharing.balance(&mut jobs);
        assert_eq!(
            (jobs.waiting(), sharing.offering.len()),
            (100 - limits::OFFERS_AT_ONCE_MAX, limits::OFFERS_AT_ONCE_MAX)
        );
    }

    #[tokio::test]
    async fn what_was_taken_beyond_the_room_is_given_back() {
        let (queue, mut sharing) = sharing(10);
        let mut jobs = Queue::new(2, 2);
        let taken =
            |id| TakenActivity { id: TakenId(id), activity: OfferedActivity { task: job(7).task, component: None } };
        queue.there.lock().unwrap().extend([taken(1), taken(2)]);
        sharing.balance(&mut jobs);
        jobs.push(job(0));
        jobs.next().unwrap();
        answer(&queue, &mut sharing, &mut jobs).await;
        assert_eq!(jobs.next().map(|job| job.origin), Some(Origin::Taken(TakenId(1))));
        let errand = returned(&mut sharing).await;
        sharing.returned(errand, &mut jobs);
        assert_eq!(*queue.given_back.lock().unwrap(), [TakenId(2)]);
        sharing.give_back_all().await;
        assert_eq!(*queue.given_back.lock().unwrap(), [TakenId(2), TakenId(1)]);
    }

    #[tokio::test]
    async fn nothing_is_asked_for_while_something_waits_here() {
        let (_queue, mut sharing) = sharing(10);
        let mut jobs = Queue::new(1, 1);
        sharing.balance(&mut jobs);
        assert!(sharing.taking.is_some());
        jobs.push(job(0));
        sharing.balance(&mut jobs);
        assert!(sharing.taking.is_none());
        jobs.next().unwrap();
        sharing.balance(&mut jobs);
        assert!(sharing.taking.is_none(), "there is no room either");
        jobs.finished("x");
        sharing.balance(&mut jobs);
        assert!(sharing.taking.is_some());
    }
}
