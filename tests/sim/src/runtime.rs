//! Guests and activities of one host.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use engine::{ActivityTask, Digest, Execution, Failure, Guest, GuestError, Payload};
use worker::{Runtime, Unprepared};

use crate::program::guest::{Edition, Interpreter};
use crate::program::{Activity, BROKEN, FLAKY};
use crate::sabotage::Sabotage;
use crate::trace::Who;
use crate::world::World;

/// Loading a component.
const LOADING: Duration = Duration::from_millis(20);

/// What a host runs.
pub(crate) struct HostRuntime {
    world: Arc<World>,
    host: usize,
    loaded: Mutex<BTreeSet<Edition>>,
    /// A process that is gone runs nothing.
    is_dead: AtomicBool,
}

impl HostRuntime {
    pub(crate) fn new(world: Arc<World>, host: usize) -> Self {
        Self { world, host, loaded: Mutex::new(BTreeSet::new()), is_dead: AtomicBool::new(false) }
    }

    pub(crate) fn die(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
    }

    /// The newest edition, as far as this host has heard.
    fn newest(&self) -> Edition {
        let plan = &self.world.plan;
        let lag = plan.hosts[self.host].deployment_lag;
        let has_second = plan.second_edition_at.is_some_and(|at| self.world.clock.elapsed() >= at + lag);
        if has_second { 2 } else { 1 }
    }

    fn has_loaded(&self, edition: Edition) -> bool {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).contains(&edition)
    }

    async fn run(&self, task: &ActivityTask) -> Result<String, Failure> {
        if task.name == "mend" {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let root = task.input.as_ref().map(Payload::as_str).unwrap_or_default();
            if self.world.is_broken(root) {
                return Err(Failure::new(BROKEN, "not yet mended").non_retriable());
            }
            return Ok(task.name.clone());
        }
        let input = task.input.as_ref().map(Payload::as_str).unwrap_or_default();
        let mut numbers = input.split(' ').map(|number| number.parse::<u64>().unwrap_or_default());
        let mut number = || numbers.next().unwrap_or_default();
        let (takes_ms, bytes, failures) = (number(), number(), number());
        tokio::time::sleep(Duration::from_millis(takes_ms)).await;
        if u64::from(task.attempt) <= failures {
            return Err(Failure::new(FLAKY, format!("attempt {} of {failures} that fail", task.attempt)));
        }
        let mut output = Activity::output(&task.name, usize::try_from(bytes).unwrap_or_default());
        if self.world.sabotage == Some(Sabotage::WrongResults) {
            output.push('!');
        }
        Ok(output)
    }
}

#[async_trait]
impl Runtime for HostRuntime {
    async fn prepare(&self, _: &str, component: Option<Digest>) -> Result<(), Unprepared> {
        let edition = component.and_then(edition_of).unwrap_or_else(|| self.newest());
        tokio::time::sleep(LOADING).await;
        if self.world.sabotage == Some(Sabotage::NoComponent) {
            return Err(Unprepared::Unavailable(format!("edition {edition} cannot be loaded")));
        }
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(edition);
        Ok(())
    }

    fn start(&self, execution: &Execution, component: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        let edition = component.and_then(edition_of).unwrap_or_else(|| self.newest());
        if !self.has_loaded(edition) {
            return Err(GuestError::Unavailable(format!("edition {edition} is not loaded")));
        }
        guest(&self.world, execution, edition, Some(self.host))
    }

    async fn run_activity(&self, task: &ActivityTask, _: Option<Digest>) -> Result<Option<Payload>, Failure> {
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let who = Who::Host(self.host);
        let begun = self.world.checks().begins(task);
        let run = match begun {
            Ok(run) => run,
            Err(violation) => {
                self.world.checked(Err(violation));
                return Err(Failure::new("unwanted", "it must not have begun"));
            }
        };
        let name = || format!("{} of {} attempt {}", task.task, task.instance_id, task.attempt);
        self.world.trace.say(who, || format!("activity {} {} begins", task.name, name()));
        let result = self.run(task).await;
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        // Whatever tells one run from another, so that what is recorded can be traced to the run that it came of.
        let result = result.map(|output| format!("{output}#{}", run.0)).map_err(|failure| {
            let message = format!("{} #{}", failure.message, run.0);
            Failure { message, ..failure }
        });
        self.world.trace.say(who, || format!("activity {} {} ends", task.name, name()));
        self.world.count(|figures| figures.activities += 1);
        match result {
            Ok(output) => {
                self.world.checks().runs.ends(task, &output);
                Ok(Some(Payload::from(output)))
            }
            Err(failure) => {
                self.world.checks().runs.ends(task, &failure.message);
                Err(failure)
            }
        }
    }
}

/// A guest for an execution. Without a host: as everybody would have it.
pub(crate) fn guest(
    world: &World,
    execution: &Execution,
    edition: Edition,
    host: Option<usize>,
) -> Result<(Box<dyn Guest>, Digest), GuestError> {
    let program = world.plan.programs.get(&execution.name);
    let program = program.ok_or_else(|| GuestError::Unavailable(format!("nobody offers {}", execution.name)))?;
    // A guest that asks what it must not ask.
    let decides =
        if world.sabotage == Some(Sabotage::Nondeterminism) && host.is_some() { edition + 1 } else { edition };
    let mut interpreter = Interpreter::new(Arc::clone(program), execution.clone(), decides);
    match world.sabotage {
        Some(Sabotage::KeepsLosers) => interpreter = interpreter.without_giving_back(),
        Some(Sabotage::DropsWaiting) => interpreter = interpreter.without_keeping_events(),
        _ => {}
    }
    Ok((Box::new(interpreter), digest(edition)))
}

/// What names the component of an edition.
pub(crate) fn digest(edition: Edition) -> Digest {
    Digest::from_bytes([edition; 32])
}

pub(crate) fn edition_of(digest: Digest) -> Option<Edition> {
    [1, 2].into_iter().find(|edition| self::digest(*edition) == digest)
}
