//! A host stalls between the history of a turn and the instance's row, and goes on when another host has finished.
//!
//! Host A is a process that is stopped with SIGSTOP at that moment, its write of the row held on the way. Its lease runs
//! out, host B takes over and completes the instance. Then A goes on, and its write arrives.
//!
//! Each story is told twice: as it is, and with the condition taken off A's writes of rows. The second telling ends with
//! the row that A believes in, which is wrong: so it is the condition that the first one owes its end to.

use std::sync::{Arc, Mutex};

use azurite::{Held, Outcome, Proxy, Request, Verb};
use e2e::Server;
use serde_json::{Value, json};

use super::rows::status_and_output;
use super::world::{World, deploy, output_of, until};

/// Short, so that B need not wait long.
const FLAGS: [&str; 4] = ["--partitions", "1", "--lease", "2s"];

/// What is started, and where A stalls.
struct Story {
    component: &'static str,
    orchestration: &'static str,
    input: Value,
    /// The instance whose row A is about to write.
    stalled: &'static str,
    /// How it writes it.
    verb: Verb,
    /// What the stalled instance waits for in the end.
    event: Option<&'static str>,
    /// What comes out of it.
    output: Value,
    /// How the service answers to a write that is too late.
    refusal: u16,
}

/// What is started.
const ROOT: &str = "order-1";

/// A's first turn says Running; the row is there already, written by the client.
fn of_an_orchestration() -> Story {
    Story {
        component: "greeter_v1",
        orchestration: "greet",
        input: json!("you"),
        stalled: ROOT,
        verb: Verb::MergeEntity,
        event: Some("go"),
        output: json!("hello you from the first version"),
        refusal: 412,
    }
}

/// A's first turn of the child says Running; its parent's turn has written the row.
fn of_a_sub_orchestration() -> Story {
    Story {
        component: "sub_orchestrations",
        orchestration: "fulfil",
        input: json!({"id": "A-1", "lines": [{"sku": "cup", "quantity": 6, "warehouse": "north"}]}),
        stalled: "order-1-north",
        verb: Verb::MergeEntity,
        event: None,
        output: json!({"warehouse": "north", "pieces": 6, "weight_g": 2_300}),
        refusal: 412,
    }
}

/// A story up to the moment when B has completed everything and A is still stopped.
struct Told {
    world: World,
    proxy: Proxy,
    late: LateWrites,
    a: Server,
    b: Server,
}

/// A's writes of the row, held on the way.
struct LateWrites {
    held: Held,
    /// Which requests they are.
    sequences: Arc<Mutex<Vec<u64>>>,
}

impl LateWrites {
    /// Holds them all: a write that is repeated because the answer takes too long is as late as the first.
    fn hold(proxy: &Proxy, is_write: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        let sequences = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&sequences);
        let held = proxy.hold(move |request| {
            let holds = is_write(request);
            if holds {
                noted.lock().unwrap().push(request.sequence);
            }
            holds
        });
        Self { held, sequences }
    }

    /// Lets them through, and answers with what the service made of each.
    fn let_through(&self, proxy: &Proxy) -> Vec<Outcome> {
        self.held.release();
        let outcomes = || {
            let log = proxy.log();
            let sequences = self.sequences.lock().unwrap();
            let outcome =
                |sequence: &u64| log.iter().find(|logged| logged.sequence == *sequence).unwrap().outcome.clone();
            sequences.iter().map(outcome).collect::<Vec<_>>()
        };
        until("the late writes arrive", || !outcomes().contains(&Outcome::Pending));
        outcomes()
    }
}

fn tell(story: &Story, is_guarded: bool) -> Told {
    let world = World::new();
    let proxy = world.proxy();
    let a = world.host_behind(&proxy, "a", &FLAGS);
    deploy(&a, story.component);

    let table = format!("{}Instances", world.hub);
    let (verb, stalled) = (story.verb, story.stalled);
    let is_write = move |request: &Request| request.is(verb) && request.writes(&table, stalled);
    // The start message is not read before the client has written the row: then A merges into that row.
    let queue = format!("{}-control-00", world.hub);
    let polls = proxy.hold(move |request| request.is(Verb::GetMessages) && request.kind.resource == queue);
    world.wait_for("A looks into its queue", polls.reached());
    a.ok(&["start", story.orchestration, "--id", ROOT, "--input", &story.input.to_string()]).unwrap();
    let late = LateWrites::hold(&proxy, is_write.clone());
    if !is_guarded {
        proxy.without_if_match(is_write.clone());
        proxy.insert_or_replace(is_write);
    }
    polls.release();
    world.wait_for("A is about to write the row", late.held.reached());

    let b = world.host("b", &FLAGS);
    a.stall().unwrap();
    world.until_owners("B takes over", |owners| owners == [Some("b".to_owned())]);
    if let Some(event) = story.event {
        b.ok(&["raise-event", stalled, event]).unwrap();
    }
    output_of(&b, ROOT);
    assert_eq!(row(&world, story), completed(story));
    assert!(!a.log().contains("split_brain_detected"), "A is stopped");
    Told { world, proxy, late, a, b }
}

/// The stored row of the stalled instance: status and output.
fn row(world: &World, story: &Story) -> (String, Value) {
    status_and_output(world, story.stalled)
}

fn completed(story: &Story) -> (String, Value) {
    ("Completed".to_owned(), story.output.clone())
}

fn with_the_guard(story: &Story) {
    let Told { world, proxy, late, a, b } = tell(story, true);
    a.go_on().unwrap();
    let outcomes = late.let_through(&proxy);
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Replied(story.refusal)), "{outcomes:?}");
    until("A notices that it is too late", || a.log().contains("split_brain_detected"));
    assert_eq!(row(&world, story), completed(story));
    let log = a.log();
    let reports: Vec<&str> = log.lines().filter(|line| line.contains("split_brain_detected")).collect();
    let [report] = reports[..] else { panic!("{log}") };
    assert!(report.contains(&format!("instance_id={} ", story.stalled)), "{report}");
    let (held, stored) = tokens(report);
    assert!(held["history"].is_null(), "A had seen no history yet: {report}");
    for etag in ["history", "row"] {
        assert!(stored[etag].as_str().unwrap().starts_with("W/"), "{report}");
    }
    if story.verb == Verb::MergeEntity {
        assert!(held["row"].as_str().unwrap().starts_with("W/"), "{report}");
        assert_ne!(held["row"], stored["row"], "{report}");
    }

    let split_brains = |host: &Server| host.metrics().unwrap().get("rondo_split_brains_total").to_string();
    until("A counts it", || split_brains(&a) != "0");
    assert_eq!((split_brains(&a).as_str(), split_brains(&b).as_str()), ("1", "0"));

    b.stop().unwrap();
    world.until_owners("A takes over again", |owners| owners == [Some("a".to_owned())]);
    let input = story.input.to_string();
    a.ok(&["start", story.orchestration, "--id", "order-2", "--input", &input]).unwrap();
    if let Some(event) = story.event {
        a.ok(&["raise-event", "order-2", event]).unwrap();
    }
    output_of(&a, "order-2");
    assert_eq!(row(&world, story), completed(story));
    a.stop().unwrap();
}

/// The tokens that a report names: the one that was held, and the one that is stored.
fn tokens(report: &str) -> (Value, Value) {
    let token = |name: &str| {
        let (_, rest) = report.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("no {name} in {report}"));
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        values.next().unwrap().unwrap_or_else(|error| panic!("{error}: {report}"))
    };
    (token("held_token"), token("stored_token"))
}

fn without_the_guard(story: &Story) {
    let Told { world, proxy, late, a, b } = tell(story, false);
    a.go_on().unwrap();
    let outcomes = late.let_through(&proxy);
    assert!(outcomes.contains(&Outcome::Replied(204)), "{outcomes:?}");
    let (status, _) = row(&world, story);
    assert!(["Pending", "Running"].contains(&&*status), "the row of an instance that has ended: {status}");
    let history = b.json(&["history", story.stalled]).unwrap();
    let types: Vec<&str> = history["events"].as_array().unwrap().iter().filter_map(|e| e["type"].as_str()).collect();
    assert!(types.contains(&"ExecutionCompleted"), "{types:?}");
}

#[test]
fn a_stalled_host_does_not_undo_an_orchestration_that_another_has_completed() {
    with_the_guard(&of_an_orchestration());
}

#[test]
fn a_stalled_host_does_not_undo_a_sub_orchestration_that_another_has_completed() {
    with_the_guard(&of_a_sub_orchestration());
}

#[test]
fn without_its_condition_the_stalled_host_undoes_the_orchestration() {
    without_the_guard(&of_an_orchestration());
}

#[test]
fn without_its_condition_the_stalled_host_undoes_the_sub_orchestration() {
    without_the_guard(&of_a_sub_orchestration());
}
