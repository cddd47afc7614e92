//! Orchestrations as lists of steps, and activities that take their time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use engine::{
    Action, ActivityTask, Digest, Event, Execution, Failure, Guest, GuestError, GuestSource, Payload, RetryPolicy,
    StartChild, TaskId, Turn, kind,
};
use worker::{Runtime, Unprepared};

/// Something that a step does and waits for, unless it says otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Do {
    /// An activity that takes so many milliseconds and answers with this text.
    Run(&'static str, u64),
    /// The same, but its first attempt fails, and there is another five seconds later.
    RunTwice(&'static str),
    /// The same, but nobody tries again.
    RunOnce(&'static str),
    /// A timer of so many seconds.
    Sleep(u64),
    /// A child: its program and its id.
    Child(&'static str, &'static str),
    /// The same, but nobody waits for it, and it has no parent.
    Detach(&'static str, &'static str),
    /// An external event.
    Await(&'static str),
    /// An event for another instance, which nobody waits for.
    Tell(&'static str, &'static str),
}

/// An orchestration: steps one after the other, what is in a step side by side. It answers with what its steps did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Vec<Do>>,
    /// How often it continues as new before it completes.
    pub(crate) again: u32,
    /// Whether readers are shown which step it is at, so that every turn changes the row.
    pub(crate) shows_steps: bool,
    /// Whether it fails when something that it waits for does.
    pub(crate) gives_up: bool,
    /// Bytes that its output is filled up to, so that it does not fit a row.
    pub(crate) output_bytes: usize,
}

/// Programs by name, and every activity attempt that was begun.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    programs: BTreeMap<&'static str, Program>,
    attempts: Mutex<Vec<String>>,
}

impl Programs {
    pub(crate) fn new(programs: impl IntoIterator<Item = (&'static str, Program)>) -> Arc<Self> {
        Arc::new(Self { programs: programs.into_iter().collect(), attempts: Mutex::default() })
    }

    /// Attempts that were begun, as `execution/task/attempt`.
    pub(crate) fn attempts(&self) -> Vec<String> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A program with these steps.
pub(crate) fn steps<const N: usize>(steps: [&[Do]; N]) -> Program {
    Program { steps: steps.into_iter().map(<[Do]>::to_vec).collect(), ..Program::default() }
}

#[async_trait]
impl Runtime for Programs {
    async fn prepare(&self, orchestration: &str, component: Option<Digest>) -> Result<(), Unprepared> {
        if component.is_some() || self.programs.contains_key(orchestration) {
            return Ok(());
        }
        let why = format!("nobody offers {orchestration}");
        Err(Unprepared::NotOffered { orchestration: orchestration.to_owned(), why })
    }

    fn start(&self, execution: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        let program = self.programs.get(execution.name.as_str()).cloned();
        let program = program.ok_or_else(|| GuestError::Unavailable(format!("nobody offers {}", execution.name)))?;
        let generation = execution.input.as_ref().and_then(|input| input.as_str().parse().ok()).unwrap_or_default();
        Ok((Box::new(Run { program, generation, at: 0, tasks: 0, open: 0, done: BTreeMap::new() }), component()))
    }

    async fn run_activity(&self, task: &ActivityTask, _: Option<Digest>) -> Result<Option<Payload>, Failure> {
        let ActivityTask { execution_id, task: number, attempt, name, input, .. } = task;
        let attempt_name = format!("{execution_id}/{number}/{attempt}");
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).push(attempt_name);
        let takes_ms: u64 = input.as_ref().and_then(|input| input.as_str().parse().ok()).unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(takes_ms)).await;
        if name.starts_with("flaky-") && *attempt == 1 {
            return Err(Failure::new(kind::ACTIVITY_NOT_FOUND, "not yet"));
        }
        Ok(Some(Payload::from(name.clone())))
    }
}

/// The same without a worker around it.
#[derive(Debug, Clone)]
pub(crate) struct Guests(pub(crate) Arc<Programs>);

impl GuestSource for Guests {
    fn start(&mut self, execution: &Execution, pin: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        self.0.start(execution, pin)
    }
}

/// The component that offers all programs.
fn component() -> Digest {
    Digest::from_bytes([7; 32])
}

/// A program that is being run.
struct Run {
    program: Program,
    generation: u32,
    /// Steps begun.
    at: usize,
    /// Task ids given.
    tasks: u32,
    /// Tasks of the current step that are awaited.
    open: usize,
    done: BTreeMap<TaskId, String>,
}

impl Guest for Run {
    fn run(&mut self, turns: &[Turn]) -> Result<Vec<Vec<Action>>, GuestError> {
        Ok(turns.iter().map(|turn| self.turn(turn)).collect())
    }

    fn memory_bytes(&self) -> usize {
        1_000
    }
}

impl Run {
    fn turn(&mut self, turn: &Turn) -> Vec<Action> {
        for event in &turn.events {
            let (task, text) = told(event);
            if self.program.gives_up && text.starts_with(FAILED) {
                self.open = usize::MAX;
                return vec![Action::Fail { failure: Failure::new(kind::ACTIVITY_NOT_FOUND, text) }];
            }
            self.done.insert(task, text);
            self.open -= 1;
        }
        let mut actions = Vec::new();
        while self.open == 0 {
            let Some(step) = self.program.steps.get(self.at).cloned() else {
                actions.push(self.end());
                return actions;
            };
            self.at += 1;
            if self.program.shows_steps {
                let status = Some(Payload::from(format!("step {} of generation {}", self.at, self.generation)));
                actions.push(Action::SetCustomStatus { status });
            }
            actions.extend(step.into_iter().map(|what| self.begin(what, turn)));
        }
        actions
    }

    fn begin(&mut self, what: Do, turn: &Turn) -> Action {
        let task = TaskId(self.tasks);
        self.tasks += 1;
        self.open += usize::from(!matches!(what, Do::Tell(..) | Do::Detach(..)));
        match what {
            Do::Run(name, takes_ms) => Action::ScheduleActivity {
                task,
                name: name.to_owned(),
                input: Some(Payload::from(takes_ms.to_string())),
                retry: None,
            },
            Do::RunTwice(name) => {
                let retry = RetryPolicy {
                    max_attempts: 2,
                    first_interval_ms: 5_000,
                    backoff_coefficient: 1.0,
                    max_interval_ms: None,
                    retry_timeout_ms: None,
                    non_retriable_kinds: Vec::new(),
                };
                let name = format!("flaky-{name}");
                Action::ScheduleActivity { task, name, input: Some(Payload::from("500")), retry: Some(retry) }
            }
            Do::RunOnce(name) => {
                Action::ScheduleActivity { task, name: format!("flaky-{name}"), input: None, retry: None }
            }
            Do::Sleep(seconds) => {
                Action::CreateTimer { task, fire_at: turn.now.saturating_add(Duration::from_secs(seconds)) }
            }
            Do::Child(name, instance_id) | Do::Detach(name, instance_id) => Action::StartChild(Box::new(StartChild {
                task,
                name: name.to_owned(),
                instance_id: Some(instance_id.to_owned()),
                version: None,
                input: None,
                tags: BTreeMap::new(),
                retry: None,
                detached: matches!(what, Do::Detach(..)),
            })),
            Do::Await(name) => Action::WaitEvent { task, name: name.to_owned() },
            Do::Tell(to, name) => Action::SendEvent {
                task,
                instance_id: to.to_owned(),
                name: name.to_owned(),
                data: Some(Payload::from("told")),
            },
        }
    }

    fn end(&mut self) -> Action {
        // Nothing follows: the next turn, if there is one, must not end it again.
        self.open = usize::MAX;
        if self.generation < self.program.again {
            let input = Some(Payload::from((self.generation + 1).to_string()));
            return Action::ContinueAsNew { input, version: None, keep_events: true };
        }
        let mut output = self.done.values().cloned().collect::<Vec<_>>().join(",");
        let filling = self.program.output_bytes.saturating_sub(output.len());
        // Repetition would be compressed away.
        output
            .extend((0..filling).map(|index| char::from(b'a' + u8::try_from(index * index % 23).unwrap_or_default())));
        Action::Complete { output: Some(Payload::from(output)) }
    }
}

/// What is answered of what has failed.
const FAILED: &str = "failed: ";

/// Which task an event settles, and how.
fn told(event: &Event) -> (TaskId, String) {
    let text = |payload: &Option<Payload>| payload.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default();
    match event {
        Event::ActivityCompleted { task, output } | Event::ChildCompleted { task, output } => (*task, text(output)),
        Event::EventRaised { task, data } => (*task, text(data)),
        Event::ActivityFailed { task, failure } | Event::ChildFailed { task, failure } => {
            (*task, format!("{FAILED}{}: {}", failure.kind, failure.message))
        }
        Event::TimerFired { task } => (*task, "slept".to_owned()),
    }
}
