//! Which activity runs next.

use std::collections::{BTreeMap, HashMap, VecDeque};

use engine::{ActivityTask, Digest};

use crate::shard::ActivityKey;

/// One attempt that is to be run, and by which shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) task: ActivityTask,
    pub(crate) component: Option<Digest>,
    pub(crate) shard: usize,
}

/// Attempts waiting for capacity: first come first served within a name, the names in turn.
///
/// Has no bound of its own: every attempt in here is recorded in a history, so there are never more than orchestrations
/// have scheduled, and dropping one would only mean to run it later. Payloads are shared with warm histories.
#[derive(Debug)]
pub(crate) struct Queue {
    running_max: usize,
    running_per_name_max: usize,
    running: usize,
    lanes: BTreeMap<String, Lane>,
    /// Names that have something waiting and may run it.
    ready: VecDeque<String>,
    waiting: HashMap<ActivityKey, Job>,
}

/// The attempts of one name.
#[derive(Debug, Default)]
struct Lane {
    running: usize,
    /// May name attempts that were canceled since.
    waiting: VecDeque<ActivityKey>,
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
        }
    }

    /// Adds an attempt.
    pub(crate) fn push(&mut self, job: Job) {
        let key = ActivityKey::of(&job.task);
        self.lanes.entry(job.task.name.clone()).or_default().waiting.push_back(key.clone());
        self.list(&job.task.name);
        self.waiting.insert(key, job);
    }

    /// Removes a waiting attempt; false when it does not wait.
    pub(crate) fn cancel(&mut self, key: &ActivityKey) -> bool {
        self.waiting.remove(key).is_some()
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
            while let Some(key) = lane.waiting.pop_front() {
                if let Some(job) = self.waiting.remove(&key) {
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
        };
        Job { task, component: None, shard: 0 }
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
        assert!(queue.cancel(&ActivityKey::of(&job("x", 0).task)));
        assert!(!queue.cancel(&ActivityKey::of(&job("x", 7).task)));
        assert_eq!(begun(&mut queue), names(&[("x", 1)]));
    }

    #[test]
    fn unused_names_are_forgotten() {
        let mut queue = Queue::new(10, 1);
        for task in 0..100 {
            queue.push(job(&format!("n{task}"), task));
        }
        queue.cancel(&ActivityKey::of(&job("n5", 5).task));
        while let Some(job) = queue.next() {
            queue.finished(&job.task.name);
        }
        assert_eq!((queue.lanes.len(), queue.ready.len(), queue.waiting()), (0, 0, 0));
    }
}
