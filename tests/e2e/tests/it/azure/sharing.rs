//! What hosts of one hub share: partitions, activities, components.

use std::time::Duration;

use e2e::guest;
use serde_json::json;

use super::gate::Gate;
use super::world::{World, deploy, output_of};

/// Long enough that a busy machine keeps it, and short enough to wait for.
const LEASE: Duration = Duration::from_secs(9);

#[test]
fn partitions_are_shared_anew_within_two_leases_of_a_host_joining_or_leaving() {
    let world = World::new();
    let lease = format!("{}s", LEASE.as_secs());
    let flags = ["--partitions", "4", "--lease", &lease];
    let shares = |names: &[&str], wanted: &[usize]| {
        let took = world.until_owners(&format!("{names:?} have {wanted:?}"), |owners| {
            let mut counts = names.iter().map(|name| owners.iter().flatten().filter(|owner| owner == name).count());
            let mut counts: Vec<usize> = counts.by_ref().collect();
            counts.sort_unstable();
            counts == wanted
        });
        println!("{names:?} had {wanted:?} after {took:?}");
        assert!(took < 2 * LEASE, "{took:?}");
    };
    let a = world.host("a", &flags);
    shares(&["a"], &[4]);
    let b = world.host("b", &flags);
    shares(&["a", "b"], &[2, 2]);
    let c = world.host("c", &flags);
    shares(&["a", "b", "c"], &[1, 1, 2]);
    b.stop().unwrap();
    shares(&["a", "c"], &[2, 2]);
    a.kill().unwrap();
    shares(&["c"], &[4]);
    c.stop().unwrap();
    assert_eq!(world.owners(), [None, None, None, None], "whoever leaves lets go");
}

/// The hub has one partition, so one host has all instances. Each host runs one activity at a time, and no activity ends
/// before two run: so the other host must have taken one.
#[test]
fn a_host_without_room_leaves_activities_to_another() {
    let world = World::new();
    let flags = ["--partitions", "1", "--lease", "9s", "--activities", "1"];
    let a = world.host("a", &flags);
    let b = world.host("b", &flags);
    assert_eq!(world.owners(), [Some("a".to_owned())]);
    let gate = Gate::new(2);
    a.ok(&["deploy", guest("http_fetch").unwrap().to_str().unwrap(), "--allow-http", &gate.authority()]).unwrap();
    let input = json!({"url": format!("http://{}/", gate.authority())}).to_string();
    let ids: Vec<String> = (0..6).map(|number| format!("fetch-{number}")).collect();
    for id in &ids {
        a.ok(&["start", "summarize", "--id", id, "--input", &input]).unwrap();
    }
    for id in &ids {
        assert_eq!(output_of(&b, id)["excerpt"], "hello", "{id}");
    }
    assert_eq!(gate.most(), 2);
    assert_eq!(world.owners(), [Some("a".to_owned())], "no instance was the other host's");
}

#[test]
fn what_is_deployed_through_one_host_is_started_and_run_by_another() {
    let world = World::new();
    let flags = ["--partitions", "1", "--lease", "2s"];
    let a = world.host("a", &flags);
    let b = world.host("b", &flags);
    deploy(&a, "chaining");
    let input = json!({"id": "A-7", "country": "FR", "items": [{"sku": "cup", "quantity": 1, "price_cents": 100}]});
    b.ok(&["start", "order", "--id", "by-a", "--input", &input.to_string()]).unwrap();
    assert_eq!(output_of(&b, "by-a")["paid_cents"], 120);
    assert_eq!(b.json(&["components"]).unwrap(), a.json(&["components"]).unwrap());

    a.stop().unwrap();
    world.until_owners("the other host has everything", |owners| owners == [Some("b".to_owned())]);
    b.ok(&["start", "order", "--id", "by-b", "--input", &input.to_string()]).unwrap();
    assert_eq!(output_of(&b, "by-b")["paid_cents"], 120);
}
