//! Instances that cannot go on until somebody does something.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::{Action, Event, Execution, Message, RuntimeStatus, StartChild, TaskId};
use store::{Client as _, Clock as _};
use worker::{Options, UnknownOrchestrations, Worker};

use crate::guests::{Step, activity, chain, complete, component};
use crate::world::{World, eventually, id, options};

#[tokio::test]
async fn an_instance_without_its_component_waits_for_the_deployment() {
    let world = World::new();
    world.runtime.echo("a");
    let worker = world.start(options());
    world.create("i", "chain").await;
    let row = world.until("i", |row| row.held.is_some()).await;
    let held = row.held.unwrap();
    assert_eq!(held.code, "orchestration-not-found");
    assert!(held.message.contains("nothing offers orchestration chain"), "{}", held.message);
    eventually("the count", || worker.stats().held == 1).await;
    assert_eq!(waiting(&worker), [("chain".to_owned(), 1)]);

    world.runtime.orchestration("chain", chain("a", 1));
    world.source.inner.release(&id("i"), None).await.unwrap();
    assert_eq!(world.until_completed("i").await, "chained");
    assert_eq!(waiting(&worker), []);
}

fn waiting(worker: &Worker) -> Vec<(String, usize)> {
    worker.monitor().waiting().by_orchestration(9)
}

fn failing_after(grace: Duration) -> Options {
    Options { unknown_orchestrations: UnknownOrchestrations::FailAfter(grace), ..options() }
}

fn parent_of(name: &'static str) -> impl Fn(&Execution) -> Step + Send + Sync + 'static {
    move |_| {
        Box::new(move |turn| match turn.events.first() {
            None => {
                let child = StartChild {
                    task: TaskId(0),
                    name: name.to_owned(),
                    instance_id: Some("kid".to_owned()),
                    version: None,
                    input: None,
                    tags: BTreeMap::new(),
                    retry: None,
                    detached: false,
                };
                vec![Action::StartChild(Box::new(child))]
            }
            Some(Event::ChildFailed { failure, .. }) => vec![complete(&failure.kind)],
            Some(other) => panic!("{other:?}"),
        })
    }
}

#[tokio::test]
async fn a_start_that_nobody_offers_fails_if_the_operator_wants_it_and_can_be_rewound() {
    let world = World::new();
    world.runtime.echo("a");
    let worker = world.start(failing_after(Duration::ZERO));
    world.create("i", "chain").await;
    let row = world.until("i", |row| row.state.status.is_terminal()).await;
    let failure = row.state.failure.unwrap();
    assert_eq!((row.state.status, &*failure.kind), (RuntimeStatus::Failed, "orchestration-not-found"));
    assert!(failure.message.contains("nothing offers orchestration chain"), "{}", failure.message);
    assert!(failure.message.contains("rondo rewind"), "{}", failure.message);
    assert_eq!((worker.stats().held, row.state.component), (0, None));

    world.runtime.orchestration("chain", chain("a", 1));
    world
        .source
        .inner
        .send(&id("i"), Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None })
        .await
        .unwrap();
    let row = world.until("i", |row| row.state.status == RuntimeStatus::Completed).await;
    assert_eq!(row.state.component, Some(component()));
}

#[tokio::test]
async fn a_waiting_parent_is_told_that_nobody_offers_its_child() {
    let world = World::new();
    world.runtime.orchestration("parent", parent_of("chain"));
    let _worker = world.start(failing_after(Duration::ZERO));
    world.create("i", "parent").await;
    assert_eq!(world.until_completed("i").await, "orchestration-not-found");
}

#[tokio::test]
async fn it_fails_only_once_its_time_is_over() {
    let world = World::new();
    let worker = world.start(failing_after(Duration::from_mins(1)));
    world.create("i", "chain").await;
    let held = world.until("i", |row| row.held.is_some()).await.held.unwrap();
    assert!(held.message.contains("fails in 60 s"), "{}", held.message);
    let known = worker.monitor().waiting().some(None, 9);
    assert_eq!(known[0].fails_at, Some(world.clock.now().saturating_add(Duration::from_mins(1))));
    world.source.inner.release(&id("i"), None).await.unwrap();
    eventually("the second hold", || worker.stats().held == 2).await;
    world.clock.advance(Duration::from_mins(1));
    world.source.inner.release(&id("i"), None).await.unwrap();
    let row = world.until("i", |row| row.state.status.is_terminal()).await;
    assert_eq!(row.state.failure.unwrap().kind, "orchestration-not-found");
}

#[tokio::test]
async fn what_has_begun_never_fails_for_want_of_a_component() {
    let world = World::new();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("chain", chain("a", 1));
    world.runtime.orchestration("again", |_| {
        Box::new(|turn| {
            if turn.events.is_empty() {
                return vec![activity(0, "a")];
            }
            vec![Action::ContinueAsNew { input: None, version: None, keep_events: false }]
        })
    });
    // Without warm guests the next turn needs another one.
    let worker = world.start(Options { warm_guest_bytes_max: 0, ..failing_after(Duration::ZERO) });
    world.create("pinned", "chain").await;
    eventually("the activity", || worker.stats().activities_running == 1).await;
    world.runtime.undeploy("chain");
    gate.add_permits(1);
    let held = world.until("pinned", |row| row.held.is_some()).await.held.unwrap();
    assert_eq!(held.code, "component-unavailable");
    worker.shutdown().await.unwrap();

    let world = world.restart();
    let worker = world.start(failing_after(Duration::ZERO));
    world.create("continued", "again").await;
    eventually("the activity", || worker.stats().activities_running == 1).await;
    world.runtime.undeploy("again");
    gate.add_permits(1);
    let held = world.until("continued", |row| row.held.is_some()).await.held.unwrap();
    assert_eq!(held.code, "orchestration-not-found");
    assert_eq!(worker.monitor().waiting().some(None, 9)[0].fails_at, None);
}

#[tokio::test]
async fn what_waits_for_its_component_can_be_terminated() {
    let world = World::new();
    let worker = world.start(options());
    world.create("i", "chain").await;
    world.until("i", |row| row.held.is_some()).await;
    let terminate = Message::Terminate { reason: None, recurse: false, execution_id: None };
    world.source.inner.send(&id("i"), terminate).await.unwrap();
    world.source.inner.release(&id("i"), None).await.unwrap();
    let row = world.until("i", |row| row.state.status.is_terminal()).await;
    assert_eq!((row.state.status, row.state.component), (RuntimeStatus::Terminated, None));
    assert_eq!(waiting(&worker), []);
}

#[tokio::test]
async fn an_activity_that_nobody_has_fails_and_is_counted() {
    let world = World::new();
    world.runtime.orchestration("chain", chain("nowhere", 1));
    let worker = world.start(options());
    world.create("i", "chain").await;
    world.until("i", |row| row.state.status.is_terminal()).await;
    assert_eq!((worker.stats().activities_failed, worker.stats().activities_not_found), (1, 1));
}

#[tokio::test]
async fn nondeterminism_holds_the_instance_until_matching_code_is_deployed() {
    let world = World::new();
    let gate = world.runtime.gated("ship");
    world.runtime.orchestration("order", chain("ship", 1));
    // Without warm guests the next turn replays the history.
    let worker = world.start(Options { warm_guest_bytes_max: 0, ..options() });
    world.create("i", "order").await;
    eventually("the activity", || worker.stats().activities_running == 1).await;
    let before = world.events("i").await;

    world.runtime.orchestration("order", |_| {
        Box::new(|turn| if turn.events.is_empty() { vec![activity(0, "bill")] } else { vec![complete("billed")] })
    });
    gate.add_permits(1);
    let held = world.until("i", |row| row.held.is_some()).await.held.unwrap();
    assert_eq!(held.code, "nondeterminism");
    assert!(held.message.contains("ship") && held.message.contains("bill"), "{}", held.message);
    assert_eq!(world.events("i").await, before);

    // Nothing happens to it while it is held.
    world.raise("i", "ignored", 1).await;
    gate.add_permits(1);
    world.runtime.orchestration("order", chain("ship", 1));
    world.source.inner.release(&id("i"), None).await.unwrap();
    assert_eq!(world.until_completed("i").await, "chained");
}

#[tokio::test]
async fn a_warm_instance_needs_no_component() {
    let world = World::new();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("chain", chain("a", 2));
    let worker = world.start(options());
    world.create("i", "chain").await;
    eventually("the activity", || worker.stats().activities_running == 1).await;
    world.runtime.undeploy("chain");
    gate.add_permits(2);
    assert_eq!(world.until_completed("i").await, "chained");
}
