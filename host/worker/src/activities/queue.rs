//! Which activity runs next.

use std::collections::{BTreeMap, HashMap, VecDeque};

use engine::{ActivityTask, Digest};
use store::TakenId;

use crate::shard::ActivityKey;

/// One attempt that is to be run, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) task: ActivityTask,
    pub(crate) component: Option<Digest>,
    pub(crate) origin: Origin,
}

/// Who wants to know how an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A shard of this worker.
    Shard(usize),
    /// Some host of the hub; the backend tells its instance.
    Taken(TakenId),
}

/// Names an attempt in here: one that was taken may be the same as one of this worker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum JobId {
    Own(ActivityKey),
    Taken(TakenId),
}

impl Job {
    pub(crate) fn id(&self) -> JobId {
        match self.origin {
            Origin::Shard(_) => JobId::Own(ActivityKey::of(&self.task)),
            Origin::Taken(id) => JobId::Taken(id),
        }
    }
}

/// Attempts waiting for capacity: first come first served within a name, the names in turn.
///
/// Has no bound of its own: every attempt in here is recorded in a history, so there are never more than orchestrations
/// have scheduled, and dropping one would only mean to run it later. Payloads are shared with warm histories. What is
/// taken from other hosts is no more than may run.
#[derive(Debug)]
pub(crate) struct Queue {
    running_max: usize,
    running_per_name_max: usize,
    running: usize,
    lanes: BTreeMap<String, Lane>,
    /// Names that have something waiting and may run it.
    ready: VecDeque<String>,
    waiting: HashMap<JobId, Waiting>,
    /// The waiting attempts of this worker, by age.
    own: BTreeMap<u64, JobId>,
    pushes: u64,
}

#[derive(Debug)]
struct Waiting {
    job: Job,
    since: u64,
}

/// The attempts of one name.
#[derive(Debug, Default)]
struct Lane {
    running: usize,
    /// May name attempts that were canceled since.
    waiting: VecDeque<JobId>,
    is_ready: bool,
}

impl Queue {
    pub(crate) fn new(running_max: usize, running_per_name_max: usize) -> Self {
        Self {
            running_max,
            running_per_name_max,
            running: 0,
            lanes: BTreeMap::new(),
            ready: VecDeque::new(),
            waiting: HashMap::new(),
            own: BTreeMap::new(),
            pushes: 0,
        }
    }

    /// Adds an attempt.
    pub(crate) fn push(&mut self, job: Job) {
        let id = job.id();
        self.lanes.entry(job.task.name.clone()).or_default().waiting.push_back(id.clone());
        self.list(&job.task.name);
        self.pushes += 1;
        if matches!(id, JobId::Own(_)) {
            self.own.insert(self.pushes, id.clone());
        }
        self.waiting.insert(id, Waiting { job, since: self.pushes });
    }

    /// Whether an attempt waits.
    pub(crate) fn has(&self, id: &JobId) -> bool {
        self.waiting.contains_key(id)
    }

    /// Removes a waiting attempt; false when it does not wait.
    pub(crate) fn cancel(&mut self, id: &JobId) -> bool {
        self.remove(id).is_some()
    }

    /// Takes out the attempt of this worker that would run last; none: those that wait are of other hosts.
    pub(crate) fn take_newest_own(&mut self) -> Option<Job> {
        let (_, id) = self.own.pop_last()?;
        let job = self.remove(&id)?;
        let name = &job.task.name;
        if let Some(lane) = self.lanes.get_mut(name)
            && let Some(position) = lane.waiting.iter().rposition(|waiting| *waiting == id)
        {
            lane.waiting.remove(position);
        }
        Some(job)
    }

    /// Takes out all waiting attempts that were taken from other hosts.
    pub(crate) fn take_taken(&mut self) -> Vec<TakenId> {
        let taken = self.waiting.keys().filter_map(|id| match id {
            JobId::Own(_) => None,
            JobId::Taken(id) => Some(*id),
        });
        let mut taken: Vec<TakenId> = taken.collect();
        taken.sort_unstable();
        for id in &taken {
            self.remove(&JobId::Taken(*id));
        }
        taken
    }

    /// Takes out the attempt to begin now; it counts as running from here on. None: nothing waits, or nothing may run.
    pub(crate) fn next(&mut self) -> Option<Job> {
        while self.running < self.running_max {
            let name = self.ready.pop_front()?;
            let lane = self.lanes.get_mut(&name)?;
            lane.is_ready = false;
            if lane.running >= self.running_per_name_max {
                continue;
            }
            while let Some(id) = lane.waiting.pop_front() {
                if let Some(Waiting { job, since }) = self.waiting.remove(&id) {
                    self.own.remove(&since);
                    lane.running += 1;
                    self.running += 1;
                    self.list(&name);
                    return Some(job);
                }
            }
            self.forget_if_empty(&name);
        }
        None
    }

    /// An attempt of `name` that `next` answered is no longer running.
    pub(crate) fn finished(&mut self, name: &str) {
        self.running = self.running.saturating_sub(1);
        if let Some(lane) = self.lanes.get_mut(name) {
            lane.running = lane.running.saturating_sub(1);
        }
        self.list(name);
        self.forget_if_empty(name);
    }

    pub(crate) fn running(&self) -> usize {
        self.running
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many more may run, names aside.
    pub(crate) fn places(&self) -> usize {
        self.running_max.saturating_sub(self.running)
    }

    fn remove(&mut self, id: &JobId) -> Option<Job> {
        let Waiting { job, since } = self.waiting.remove(id)?;
        self.own.remove(&since);
        Some(job)
    }

    /// Makes a lane ready if it has become so.
    fn list(&mut self, name: &str) {
        if let Some(lane) = self.lanes.get_mut(name)
            && !lane.is_ready
            && !lane.waiting.is_empty()
            && lane.running < self.running_per_name_max
        {
            lane.is_ready = true;
            self.ready.push_back(name.to_owned());
        }
    }

    /// Names come from guests: none stays longer than it is used.
    fn forget_if_empty(&mut self, name: &str) {
        if self.lanes.get(name).is_some_and(|lane| lane.running == 0 && lane.waiting.is_empty() && !lane.is_ready) {
            self.lanes.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::{ExecutionId, InstanceId, TaskId};

    use super::*;

    fn job(name: &str, task: u32) -> Job {
        let task = ActivityTask {
            instance_id: InstanceId::new("a").unwrap(),
            execution_id: ExecutionId::from_bytes([1; 16]),
            task: TaskId(task),
            attempt: 1,
            name: name.to_owned(),
            input: None,
            trace_context: None,
        };
        Job { task, component: None, origin: Origin::Shard(0) }
    }

    fn taken(name: &str, id: u64) -> Job {
        Job { origin: Origin::Taken(TakenId(id)), ..job(name, 0) }
    }

    fn begun(queue: &mut Queue) -> Vec<(String, u32)> {
        std::iter::from_fn(|| queue.next()).map(|job| (job.task.name, job.task.task.0)).collect()
    }

    fn names(pairs: &[(&str, u32)]) -> Vec<(String, u32)> {
        pairs.iter().map(|(name, task)| ((*name).to_owned(), *task)).collect()
    }

    #[test]
    fn no_more_run_than_allowed_in_all() {
        let mut queue = Queue::new(2, 2);
        for task in 0..3 {
            queue.push(job("x", task));
        }
        assert_eq!(begun(&mut queue), names(&[("x", 0), ("x", 1)]));
        assert_eq!((queue.running(), queue.waiting()), (2, 1));
        queue.finished("x");
        assert_eq!(begun(&mut queue), names(&[("x", 2)]));
    }

    #[test]
    fn a_name_at_its_limit_does_not_delay_others() {
        let mut queue = Queue::new(10, 1);
        for (name, task) in [("x", 0), ("x", 1), ("y", 2), ("y", 3)] {
            queue.push(job(name, task));
        }
        assert_eq!(begun(&mut queue), names(&[("x", 0), ("y", 2)]));
        queue.finished("y");
        assert_eq!(begun(&mut queue), names(&[("y", 3)]));
        queue.finished("x");
        assert_eq!(begun(&mut queue), names(&[("x", 1)]));
    }

    #[test]
    fn names_take_turns() {
        let mut queue = Queue::new(1, 10);
        for (name, task) in [("x", 0), ("x", 1), ("y", 2)] {
            queue.push(job(name, task));
        }
        let mut order = Vec::new();
        while let Some(job) = queue.next() {
            queue.finished(&job.task.name);
            order.push(job.task.task.0);
        }
        assert_eq!(order, [0, 2, 1]);
    }

    #[test]
    fn a_canceled_attempt_does_not_begin() {
        let mut queue = Queue::new(10, 10);
        queue.push(job("x", 0));
        queue.push(job("x", 1));
        assert!(queue.cancel(&job("x", 0).id()));
        assert!(!queue.cancel(&job("x", 7).id()));
        assert_eq!(begun(&mut queue), names(&[("x", 1)]));
    }

    #[test]
    fn unused_names_are_forgotten() {
        let mut queue = Queue::new(10, 1);
        for task in 0..100 {
            queue.push(job(&format!("n{task}"), task));
        }
        queue.cancel(&job("n5", 5).id());
        while let Some(job) = queue.next() {
            queue.finished(&job.task.name);
        }
        assert_eq!((queue.lanes.len(), queue.ready.len(), queue.waiting()), (0, 0, 0));
    }

    #[test]
    fn the_newest_own_attempt_leaves_first_and_what_was_taken_stays() {
        let mut queue = Queue::new(1, 10);
        for job in [job("x", 0), taken("x", 7), job("y", 1), job("x", 2), taken("y", 8)] {
            queue.push(job);
        }
        assert!(queue.cancel(&job("y", 1).id()));
        assert_eq!(queue.take_newest_own(), Some(job("x", 2)));
        queue.push(job("x", 2));
        assert_eq!(queue.take_newest_own(), Some(job("x", 2)));
        assert_eq!(queue.take_newest_own(), Some(job("x", 0)));
        assert_eq!(queue.take_newest_own(), None);
        assert_eq!(queue.waiting(), 2);
        let taken = queue.take_taken();
        assert_eq!(taken, [TakenId(7), TakenId(8)]);
        assert_eq!(begun(&mut queue), []);
        assert_eq!((queue.lanes.len(), queue.own.len(), queue.waiting()), (0, 0, 0));
    }

    #[test]
    fn an_attempt_that_began_is_not_left_to_others() {
        let mut queue = Queue::new(1, 10);
        queue.push(job("x", 0));
        queue.push(job("x", 1));
        assert_eq!((begun(&mut queue), queue.places()), (names(&[("x", 0)]), 0));
        assert_eq!(queue.take_newest_own(), Some(job("x", 1)));
        assert_eq!(queue.take_newest_own(), None);
    }

    #[test]
    fn the_same_attempt_may_be_in_here_for_both() {
        let mut queue = Queue::new(10, 10);
        queue.push(job("x", 0));
        queue.push(taken("x", 7));
        assert_eq!(begun(&mut queue), names(&[("x", 0), ("x", 0)]));
    }
}
