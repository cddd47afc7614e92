//! The orchestrations.

use crate::bindings::rondo::orchestration::types::{
    Action, Definition, Event, Execution, Failure, Log, LogLevel, ScheduleActivity, Turn,
};

/// What it does, in one sentence, and how.
type Behaviour = fn(&mut Orchestration, &Turn) -> Vec<Action>;

const ALL: &[(&str, &str, Behaviour)] = &[
    ("chain", "Schedules the activity `echo` with its input and completes with the result.", chain),
    ("count", "Schedules as many activities as its input says, one after the other.", count),
    ("now", "Completes with the times of its turns.", now),
    ("trap", "Panics.", |_, _| panic!("on purpose")),
    ("trap-later", "Panics once an activity has completed.", trap_later),
    ("trap-in-start", "Panics before it has begun.", |_, _| Vec::new()),
    ("refuse", "Cannot begin with this input.", |_, _| Vec::new()),
    ("loop", "Never returns.", |_, _| spin()),
    ("allocate", "Asks for memory until there is none.", |_, _| allocate()),
    ("keep", "Keeps a megabyte more with every turn.", keep),
    ("recurse", "Calls itself without end.", |_, _| vec![Action::Complete(Some(recurse(0).to_string()))]),
    ("task-ids", "Schedules task 7 first.", |_, _| vec![schedule(7, "echo", None)]),
    ("huge", "Completes with a payload of 100 MB.", |_, _| vec![Action::Complete(Some("x".repeat(100_000_000)))]),
    ("huge-replay", "Logs 20 MB in every turn.", |_, _| vec![log("x".repeat(20_000_000))]),
    ("alias", "Logs the same megabyte a thousand times without having a thousand.", |_, _| alias()),
    ("chatter", "Logs 200,000 lines in one turn.", |_, _| (0..200_000).map(|_| log(String::new())).collect()),
    ("wrong-count", "Answers with one list too few.", |_, _| Vec::new()),
    ("not-text", "Completes with a payload that is not UTF-8.", |_, _| not_text()),
    ("fail", "Fails.", |_, _| vec![Action::Fail(failure("on-purpose"))]),
];

pub(crate) fn definitions() -> Vec<Definition> {
    ALL.iter()
        .map(|(name, description, _)| Definition { name: (*name).to_owned(), description: (*description).to_owned() })
        .collect()
}

/// One execution of one of them.
pub(crate) struct Orchestration {
    execution: Execution,
    behaviour: Behaviour,
    turns: usize,
    next_task: u32,
    kept: Vec<Vec<u8>>,
    times: Vec<u64>,
}

impl Orchestration {
    pub(crate) fn start(execution: Execution) -> Result<Self, Failure> {
        match execution.name.as_str() {
            "trap-in-start" => panic!("on purpose"),
            "refuse" => return Err(failure("bad-input")),
            _ => {}
        }
        let (_, _, behaviour) =
            ALL.iter().find(|(name, _, _)| *name == execution.name).ok_or_else(|| failure("unknown-name"))?;
        let behaviour = *behaviour;
        Ok(Self { execution, behaviour, turns: 0, next_task: 0, kept: Vec::new(), times: Vec::new() })
    }

    pub(crate) fn run(&mut self, turns: &[Turn]) -> Vec<Vec<Action>> {
        let behaviour = self.behaviour;
        let mut answer: Vec<Vec<Action>> = turns
            .iter()
            .map(|turn| {
                self.turns += 1;
                self.times.push(turn.now);
                behaviour(self, turn)
            })
            .collect();
        if self.execution.name == "wrong-count" {
            answer.pop();
        }
        answer
    }

    fn task(&mut self) -> u32 {
        self.next_task += 1;
        self.next_task - 1
    }
}

fn chain(this: &mut Orchestration, turn: &Turn) -> Vec<Action> {
    let mut actions: Vec<Action> = turn
        .events
        .iter()
        .filter_map(|event| match event {
            Event::ActivityCompleted(completed) => Some(Action::Complete(completed.output.clone())),
            Event::ActivityFailed(failed) => Some(Action::Fail(failed.failure.clone())),
            _ => None,
        })
        .collect();
    if this.turns == 1 {
        actions.push(schedule(this.task(), "echo", this.execution.input.clone()));
    }
    actions
}

fn count(this: &mut Orchestration, _: &Turn) -> Vec<Action> {
    let total = this.execution.input.as_deref().and_then(|input| input.parse().ok()).unwrap_or(0);
    match this.task() {
        done if done == total => vec![Action::Complete(Some(total.to_string()))],
        task => vec![schedule(task, "echo", Some(task.to_string()))],
    }
}

fn now(this: &mut Orchestration, _: &Turn) -> Vec<Action> {
    vec![Action::SetCustomStatus(Some(format!("{:?}", this.times)))]
}

fn trap_later(this: &mut Orchestration, turn: &Turn) -> Vec<Action> {
    assert!(turn.events.is_empty(), "on purpose");
    vec![schedule(this.task(), "echo", None)]
}

fn keep(this: &mut Orchestration, _: &Turn) -> Vec<Action> {
    this.kept.push(vec![1; 1_000_000]);
    vec![Action::SetCustomStatus(Some(this.kept.len().to_string()))]
}

pub(crate) fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}

pub(crate) fn allocate() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&hoard);
    }
}

#[allow(unconditional_recursion, reason = "on purpose")]
pub(crate) fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 4]);
    recurse(frame[0] + 1) + std::hint::black_box(frame)[1]
}

#[allow(unsafe_code, clippy::same_length_and_capacity, reason = "an honest guest cannot do this")]
fn alias() -> Vec<Action> {
    let mut text = "x".repeat(1_000_000);
    let (start, length) = (text.as_mut_ptr(), text.len());
    std::mem::forget(text);
    // SAFETY: not safe at all: all of these own the same bytes. The host refuses to lift them, and this guest is gone.
    (0..1_000).map(|_| log(unsafe { String::from_raw_parts(start, length, length) })).collect()
}

#[allow(unsafe_code, reason = "an honest guest cannot do this")]
fn not_text() -> Vec<Action> {
    // SAFETY: nothing here reads the text; what the host does about it is the question.
    vec![Action::Complete(Some(unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe]) }))]
}

fn schedule(task: u32, name: &str, input: Option<String>) -> Action {
    Action::ScheduleActivity(ScheduleActivity { task, name: name.to_owned(), input, retry: None })
}

fn log(message: String) -> Action {
    Action::Log(Log { level: LogLevel::Info, message })
}

pub(crate) fn failure(kind: &str) -> Failure {
    Failure { kind: kind.to_owned(), message: "on purpose".to_owned(), details: None, non_retriable: true }
}
