//! Puts a recorded task hub into an account.

use std::collections::BTreeMap;
use std::time::Duration;

use azure::{Blobs as _, Container, Entity, Key, Queue, Queues as _, Table, Tables as _, Verb, Write};
use engine::Digest;

use super::fixture::{Hub, Row};
use crate::azure::rows::cloud;
use crate::azure::world::World;

/// Writes of one request, at most.
const BATCH: usize = 100;

pub(super) fn restore(world: &World, hub: &Hub, components: &BTreeMap<Digest, Vec<u8>>) {
    world.block_on(async {
        let cloud = cloud(world);
        for (name, table) in [
            ("Instances", Table::Instances),
            ("History", Table::History),
            ("Partitions", Table::Partitions),
            ("Components", Table::Components),
        ] {
            cloud.create_table(table).await.unwrap();
            let mut partitions: BTreeMap<&str, Vec<Write>> = BTreeMap::new();
            for row in &hub.tables[name] {
                partitions.entry(&row.partition).or_default().push(write(row));
            }
            for writes in partitions.values().flat_map(|writes| writes.chunks(BATCH)) {
                cloud.transact(table, writes.to_vec()).await.unwrap();
            }
        }
        for (name, texts) in &hub.queues {
            let queue = match name.strip_prefix("control-") {
                Some(number) => Queue::Control(number.parse().unwrap()),
                None => Queue::WorkItems,
            };
            cloud.create_queue(queue).await.unwrap();
            for text in texts {
                cloud.put(queue, text, Duration::ZERO).await.unwrap();
            }
        }
        cloud.create_container(Container::LargeMessages).await.unwrap();
        cloud.create_container(Container::Components).await.unwrap();
        for (digest, bytes) in components {
            cloud.put_blob(Container::Components, &format!("{digest}.wasm"), bytes.clone()).await.unwrap();
        }
    });
}

fn write(row: &Row) -> Write {
    let mut entity = Entity::new();
    for (name, column) in &row.columns {
        entity.set(name, column.to_value());
    }
    Write { key: Key { partition: row.partition.clone(), row: row.key.clone() }, verb: Verb::Insert(entity) }
}
