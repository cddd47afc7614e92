//! What is stored of one instance is damaged: it is held with a report, the others go on, and it does once it is mended.

use azure::{Condition, Entity, Key, Table, Tables as _, Value, Verb, Versioned, Write};
use e2e::Server;

use super::rows::cloud;
use super::world::{World, deploy, output_of};
use crate::wait::until;

/// One row of one instance, by the table it is in and the beginning of its row key.
type Place = (Table, &'static str);

/// The sentinel of a history.
const SENTINEL: Place = (Table::History, "sentinel");
/// Its second event.
const EVENT: Place = (Table::History, "0000000000000002");
/// The row of the instance.
const ROW: Place = (Table::Instances, "");

/// What can be wrong: in words; where; with which value in which column, or none if the row is gone; and the code that
/// the instance is held with.
type Damage = (&'static str, Place, Option<(&'static str, &'static str)>, &'static str);

const DAMAGES: [Damage; 5] = [
    ("an event is damaged", EVENT, Some(("EventType", "NoSuchEvent")), "corrupt-history"),
    ("an event is missing", EVENT, None, "corrupt-history"),
    ("the sentinel is missing", SENTINEL, None, "corrupt-row"),
    ("the sentinel is damaged", SENTINEL, Some(("RondoStatus", "Dancing")), "corrupt-row"),
    ("the row is damaged", ROW, Some(("RuntimeStatus", "Dancing")), "corrupt-row"),
];

#[test]
fn an_instance_that_is_damaged_is_held_and_goes_on_once_it_is_mended_and_the_others_do_not_notice() {
    let world = World::new();
    let host = world.host("a", &["--partitions", "1", "--lease", "3s"]);
    deploy(&host, "greeter_v1");
    host.stop().unwrap();
    for (number, (what, place, change, code)) in (0..).zip(DAMAGES) {
        let (id, healthy) = (format!("damaged-{number}"), format!("healthy-{number}"));
        let host = world.host("a", &[]);
        for id in [&id, &healthy] {
            begin(&host, id);
        }
        host.stop().unwrap();
        let kept = damage(&world, &id, place, change);

        let host = world.host("a", &[]);
        for id in [&id, &healthy] {
            host.ok(&["raise-event", id, "go"]).unwrap();
        }
        let report = held(&host, &id, what, code);
        println!("{what}: {report}");
        assert_eq!(output_of(&host, &healthy), "hello you from the first version", "{what}");

        mend(&world, kept);
        host.ok(&["migrate", &id]).unwrap_or_else(|error| panic!("{what}: {error}\n{}", host.log()));
        assert_eq!(output_of(&host, &id), "hello you from the first version", "{what}");
        assert!(host.json(&["status", &id]).unwrap()["held"].is_null(), "{what}");
        host.stop().unwrap();
    }
}

#[test]
fn an_instance_that_is_damaged_and_cannot_be_mended_can_be_purged_and_started_anew() {
    let world = World::new();
    let host = world.host("a", &["--partitions", "1", "--lease", "3s"]);
    deploy(&host, "greeter_v1");
    host.stop().unwrap();
    for (number, (what, place, change, code)) in (0..).zip(DAMAGES) {
        let id = format!("damaged-{number}");
        let host = world.host("a", &[]);
        begin(&host, &id);
        host.stop().unwrap();
        damage(&world, &id, place, change);
        let host = world.host("a", &[]);
        host.ok(&["raise-event", &id, "go"]).unwrap();
        held(&host, &id, what, code);
        host.ok(&["purge", &id]).unwrap_or_else(|error| panic!("{what}: {error}\n{}", host.log()));
        begin(&host, &id);
        host.ok(&["raise-event", &id, "go"]).unwrap();
        assert_eq!(output_of(&host, &id), "hello you from the first version", "{what}");
        host.stop().unwrap();
    }
}

/// Starts one that waits for an event, and waits until it does.
fn begin(host: &Server, id: &str) {
    host.ok(&["start", "greet", "--id", id, "--input", "\"you\""]).unwrap();
    until(host, id, |status| status["lastEvent"].as_u64().is_some_and(|last| last > 0));
}

/// Changes or removes a row; answers with what it was.
fn damage(world: &World, id: &str, (table, row): Place, change: Option<(&str, &str)>) -> (Table, Versioned) {
    let key = Key { partition: id.to_owned(), row: row.to_owned() };
    world.block_on(async {
        let cloud = cloud(world);
        let stored = cloud.get(table, &key).await.unwrap().unwrap_or_else(|| panic!("{id} has no {row}"));
        let verb = match change {
            Some((column, value)) => {
                let mut entity = Entity::new();
                entity.set(column, Value::Text(value.to_owned()));
                Verb::Merge(entity, Condition::Any)
            }
            None => Verb::Delete(Condition::Any),
        };
        cloud.write(table, Write { key, verb }).await.unwrap();
        (table, stored)
    })
}

/// Puts back what was there, as from a backup.
fn mend(world: &World, (table, stored): (Table, Versioned)) {
    let Versioned { key, entity, .. } = stored;
    world.block_on(async {
        cloud(world).write(table, Write { key, verb: Verb::InsertOrReplace(entity) }).await.unwrap();
    });
}

/// Waits until it is held, and answers with why, as people are told.
fn held(host: &Server, id: &str, what: &str, code: &str) -> String {
    until(host, id, |status| !status["held"].is_null());
    // A row that is damaged is shown as held before the worker has met it.
    until(host, id, |_| host.log().matches(&format!("instance_id={id} code=\"{code}\"")).count() == 1);
    let status = host.json(&["status", id]).unwrap();
    assert_eq!(status["held"]["code"], code, "{what}: {status}");
    let report = status["held"]["message"].as_str().unwrap().to_owned();
    assert!(report.contains("rondo migrate"), "{what}: {report}");
    assert!(host.ok(&["status", id]).unwrap().contains(code), "{what}");
    report
}
