//! What a cold start and a warm turn cost: `cargo bench -p engine`.
//!
//! Prints nanoseconds per event for decoding, loading and replaying a history of activities that run one after the
//! other (5 events each), and nanoseconds per turn for the same on a warm guest. The guest does next to nothing, so
//! these are the engine's own costs.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark reads the clock and prints")]

use std::time::{Duration, Instant};

use engine::{
    Action, Digest, EngineRevision, EventKind, Execution, ExecutionId, Guest, GuestError, GuestSource, HistoryEvent,
    InstanceId, Message, Orchestration, TaskId, Timestamp, Turn,
};

const TURNS: u32 = 20_000;

/// Schedules activity n in its turn n.
struct Sequence {
    next: u32,
}

impl Guest for Sequence {
    fn run(&mut self, turns: &[Turn]) -> Result<Vec<Vec<Action>>, GuestError> {
        let decide = |_: &Turn| {
            let task = TaskId(self.next);
            self.next += 1;
            vec![Action::ScheduleActivity { task, name: "charge".into(), input: None, retry: None }]
        };
        Ok(turns.iter().map(decide).collect())
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}

struct Source;

impl GuestSource for Source {
    fn start(&mut self, _: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        Ok((Box::new(Sequence { next: 0 }), Digest::from_bytes([0; 32])))
    }
}

fn completed(task: u32) -> Vec<Message> {
    let output = Some(format!("{{\"receipt\":{task}}}").as_str().into());
    vec![Message::TaskCompleted {
        execution_id: ExecutionId::from_bytes([0; 16]),
        task: TaskId(task),
        attempt: 1,
        output,
    }]
}

fn main() {
    let id = InstanceId::new("order-1").expect("a valid id");
    let start = engine::text::parse_messages("start name=order").expect("a valid message");
    let mut orchestration = Orchestration::new(id.clone());
    let mut history: Vec<HistoryEvent> = Vec::new();
    let mut run = |now: u32, inbox| {
        let now = Timestamp::from_millis(u64::from(now));
        let outcome =
            orchestration.run(now, EngineRevision::NEWEST, inbox, &mut Source).expect("the guest is deterministic");
        history.extend_from_slice(outcome.history.events());
    };
    run(0, start);
    let begun = Instant::now();
    (0..TURNS).for_each(|task| run(task, completed(task)));
    report("warm turn", begun.elapsed(), TURNS.into());

    let stored: Vec<Vec<u8>> =
        history.iter().map(|event| minicbor::to_vec(&event.kind).expect("memory is enough")).collect();
    let events = stored.len() as u64;
    for _ in 0..3 {
        let begun = Instant::now();
        let decoded: Vec<HistoryEvent> = stored
            .iter()
            .zip(&history)
            .map(|(bytes, event)| HistoryEvent {
                kind: minicbor::decode::<EventKind>(bytes).expect("it was encoded above"),
                ..*event
            })
            .collect();
        let decode = begun.elapsed();
        let begun = Instant::now();
        let mut cold = Orchestration::load(id.clone(), decoded, None, None).expect("the engine wrote it");
        let load = begun.elapsed();
        let begun = Instant::now();
        cold.run(Timestamp::from_millis(u64::from(TURNS)), EngineRevision::NEWEST, completed(TURNS), &mut Source)
            .expect("a faithful replay");
        let replay = begun.elapsed();
        report("decode per event", decode, events);
        report("load per event", load, events);
        report("replay per event", replay, events);
        report("cold start per event", decode + load + replay, events);
    }
}

fn report(what: &str, took: Duration, count: u64) {
    println!("{what:24} {:>8} ns", took.as_nanos() / u128::from(count));
}
