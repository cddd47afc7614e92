//! Orchestrations and activities as closures.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use engine::{
    Action, ActivityTask, Digest, Event, Execution, Failure, Guest, GuestError, GuestSource, Payload, TaskId, Turn,
    kind,
};
use tokio::sync::Semaphore;
use worker::{Runtime, Unprepared};

/// A guest's code with its suspended state.
pub(crate) type Step = Box<dyn FnMut(&Turn) -> Vec<Action>>;

/// Makes the code of a fresh guest.
type Orchestration = Arc<dyn Fn(&Execution) -> Step + Send + Sync>;

/// Runs one attempt.
type Activity =
    Arc<dyn Fn(ActivityTask) -> Pin<Box<dyn Future<Output = Result<Option<Payload>, Failure>> + Send>> + Send + Sync>;

/// The one component of these tests.
pub(crate) fn component() -> Digest {
    Digest::from_bytes([1; 32])
}

/// Where the host panics over a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// When it asks for the guest's memory.
    Weighed,
    /// When it drops the guest.
    Dropped,
}

struct Closure {
    step: Step,
    bytes: usize,
    bug: Option<Bug>,
}

impl Drop for Closure {
    fn drop(&mut self) {
        // A second panic would end the process.
        assert!(self.bug != Some(Bug::Dropped) || std::thread::panicking(), "a bug when dropped");
    }
}

impl Guest for Closure {
    fn run(&mut self, turns: &[Turn]) -> Result<Vec<Vec<Action>>, GuestError> {
        Ok(turns.iter().map(|turn| (self.step)(turn)).collect())
    }

    fn memory_bytes(&self) -> usize {
        assert!(self.bug != Some(Bug::Weighed), "a bug when weighed");
        self.bytes
    }
}

/// A runtime whose guests are closures. What it offers can be changed while it runs, as by a deployment.
#[derive(Default)]
pub(crate) struct Closures {
    orchestrations: Mutex<BTreeMap<String, Orchestration>>,
    activities: Mutex<BTreeMap<String, Activity>>,
    /// Every attempt that began, in order: instance, task, attempt.
    pub(crate) attempts: Mutex<Vec<(String, u32, u32)>>,
    /// Which guests the host panics over, by orchestration.
    bugs: Mutex<BTreeMap<String, Bug>>,
    /// Every guest that was started.
    pub(crate) starts: Mutex<Vec<String>>,
}

impl Closures {
    pub(crate) fn orchestration(&self, name: &str, step: impl Fn(&Execution) -> Step + Send + Sync + 'static) {
        self.orchestrations.lock().unwrap().insert(name.to_owned(), Arc::new(step));
    }

    /// Makes the host panic over guests of an orchestration, or no longer.
    pub(crate) fn bug(&self, name: &str, bug: Option<Bug>) {
        let mut bugs = self.bugs.lock().unwrap();
        match bug {
            Some(bug) => bugs.insert(name.to_owned(), bug),
            None => bugs.remove(name),
        };
    }

    pub(crate) fn undeploy(&self, name: &str) {
        self.orchestrations.lock().unwrap().remove(name);
    }

    pub(crate) fn activity<F>(&self, name: &str, run: impl Fn(ActivityTask) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<Option<Payload>, Failure>> + Send + 'static,
    {
        self.activities.lock().unwrap().insert(name.to_owned(), Arc::new(move |task| Box::pin(run(task))));
    }

    /// An activity that answers with its input.
    pub(crate) fn echo(&self, name: &str) {
        self.activity(name, |task| async move { Ok(task.input) });
    }

    /// An activity whose every attempt ends once a permit is added.
    pub(crate) fn gated(&self, name: &str) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        let opened = Arc::clone(&gate);
        self.activity(name, move |task| {
            let gate = Arc::clone(&opened);
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(task.input)
            }
        });
        gate
    }

    pub(crate) fn attempts(&self) -> usize {
        self.attempts.lock().unwrap().len()
    }

    fn guest(&self, execution: &Execution) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        let Some(orchestration) = self.orchestrations.lock().unwrap().get(&execution.name).cloned() else {
            return Err(GuestError::Unavailable(format!("nothing offers orchestration {}", execution.name)));
        };
        self.starts.lock().unwrap().push(execution.instance_id.to_string());
        let bug = self.bugs.lock().unwrap().get(&execution.name).copied();
        Ok((Box::new(Closure { step: orchestration(execution), bytes: 1_000, bug }), component()))
    }
}

#[async_trait]
impl Runtime for Closures {
    async fn prepare(&self, orchestration: &str, component: Option<Digest>) -> Result<(), Unprepared> {
        if self.orchestrations.lock().unwrap().contains_key(orchestration) {
            return Ok(());
        }
        let why = format!("nothing offers orchestration {orchestration}");
        Err(match component {
            None => Unprepared::NotOffered { orchestration: orchestration.to_owned(), why },
            Some(_) => Unprepared::Unavailable(why),
        })
    }

    fn start(&self, execution: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        self.guest(execution)
    }

    async fn run_activity(&self, task: &ActivityTask, _: Option<Digest>) -> Result<Option<Payload>, Failure> {
        self.attempts.lock().unwrap().push((task.instance_id.to_string(), task.task.0, task.attempt));
        let activity = self.activities.lock().unwrap().get(&task.name).cloned();
        match activity {
            Some(activity) => activity(task.clone()).await,
            None => Err(Failure::new(kind::ACTIVITY_NOT_FOUND, "nobody has it").non_retriable()),
        }
    }
}

/// The same without a worker around it, for a shard alone.
pub(crate) struct Guests(pub(crate) Arc<Closures>);

impl GuestSource for Guests {
    fn start(&mut self, execution: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        self.0.guest(execution)
    }
}

pub(crate) fn activity(task: u32, name: &str) -> Action {
    let input = Some(Payload::from(task.to_string()));
    Action::ScheduleActivity { task: TaskId(task), name: name.to_owned(), input, retry: None }
}

pub(crate) fn complete(output: &str) -> Action {
    Action::Complete { output: Some(Payload::from(output)) }
}

/// `count` activities, one after the other.
pub(crate) fn chain(name: &'static str, count: u32) -> impl Fn(&Execution) -> Step + Send + Sync + 'static {
    move |_| {
        let mut done = 0;
        Box::new(move |turn| {
            if turn.events.is_empty() {
                return vec![activity(0, name)];
            }
            done += 1;
            if done == count { vec![complete("chained")] } else { vec![activity(done, name)] }
        })
    }
}

/// `count` activities at once; completes with the number of those that succeeded.
pub(crate) fn fan_out(name: &'static str, count: u32) -> impl Fn(&Execution) -> Step + Send + Sync + 'static {
    move |_| {
        let (mut done, mut succeeded) = (0, 0);
        Box::new(move |turn| {
            if turn.events.is_empty() {
                return (0..count).map(|task| activity(task, name)).collect();
            }
            for event in &turn.events {
                done += 1;
                succeeded += u32::from(matches!(event, Event::ActivityCompleted { .. }));
            }
            if done == count { vec![complete(&succeeded.to_string())] } else { Vec::new() }
        })
    }
}

/// Completes after a durable timer of `duration`.
pub(crate) fn sleeper(duration: Duration) -> impl Fn(&Execution) -> Step + Send + Sync + 'static {
    move |_| {
        Box::new(move |turn| {
            if turn.events.is_empty() {
                vec![Action::CreateTimer { task: TaskId(0), fire_at: turn.now.saturating_add(duration) }]
            } else {
                vec![complete("slept")]
            }
        })
    }
}

/// Completes at once.
pub(crate) fn immediate(output: &'static str) -> impl Fn(&Execution) -> Step + Send + Sync + 'static {
    move |_| Box::new(move |_| vec![complete(output)])
}
