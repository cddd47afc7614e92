//! Instances that cannot go on until somebody does something.

use store::Client as _;
use worker::Options;

use crate::guests::{activity, chain, complete};
use crate::world::{World, eventually, id, options};

#[tokio::test]
async fn an_instance_without_its_component_waits_for_the_deployment() {
    let world = World::new();
    world.runtime.echo("a");
    let worker = world.start(options());
    world.create("i", "chain").await;
    let row = world.until("i", |row| row.held.is_some()).await;
    let held = row.held.unwrap();
    assert_eq!(held.code, "component-unavailable");
    assert!(held.message.contains("nothing offers orchestration chain"), "{}", held.message);
    eventually("the count", || worker.stats().held == 1).await;

    world.runtime.orchestration("chain", chain("a", 1));
    world.source.inner.release(&id("i"), None).await.unwrap();
    assert_eq!(world.until_completed("i").await, "chained");
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
