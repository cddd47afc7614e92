//! Over the fake account.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use azure::fake::{FakeAccount, FakeMedium};
use azure::{Blobs as _, Container, Entity, HubName, Key, Queue, Queues as _, Table, Tables as _, Value, Verb, Write};
use engine::Timestamp;

use super::*;
use crate::partitions::LeaseRow;
use crate::partitions::gate::Gated;

const NOW: u64 = 1_700_000_000_000;

struct World {
    now_ms: Arc<AtomicU64>,
    account: FakeAccount,
    hub: HubName,
    medium: FakeMedium,
}

fn world() -> World {
    let now_ms = Arc::new(AtomicU64::new(NOW));
    let clock = now_ms.clone();
    let account = FakeAccount::new(Arc::new(move || clock.load(Ordering::Relaxed)));
    let hub = HubName::new("MyHub").unwrap();
    let medium = account.medium(&hub);
    World { now_ms, account, hub, medium }
}

async fn put_row(medium: &FakeMedium, table: Table, key: Key, entity: Entity) {
    medium.write(table, Write { key, verb: Verb::InsertOrReplace(entity) }).await.unwrap();
}

/// Everything that is there, by trying to use it.
async fn parts(medium: &FakeMedium) -> String {
    let mut parts = Vec::new();
    for table in [Table::Instances, Table::History, Table::Partitions, Table::Components] {
        if medium.query(table, &Query::default()).await.is_ok() {
            parts.push(format!("{table:?}"));
        }
    }
    for queue in (0..16).map(Queue::Control).chain([Queue::WorkItems]) {
        if medium.count(queue).await.is_ok() {
            parts.push(format!("{queue:?}"));
        }
    }
    for container in [Container::LargeMessages, Container::Components, Container::Leases, Container::AppLease] {
        if medium.list_blobs(container, "", None).await.is_ok() {
            parts.push(format!("{container:?}"));
        }
    }
    parts.join(" ")
}

const WHOLE: &str =
    "Instances History Partitions Components Control(0) Control(1) Control(2) WorkItems LargeMessages Components";

#[tokio::test]
async fn a_hub_has_all_its_parts_and_one_free_row_for_each_control_queue() {
    let World { hub, medium, .. } = world();
    create(&medium, &hub, 3).await.unwrap();
    assert_eq!(parts(&medium).await, WHOLE);
    assert_eq!(open(&medium).await.unwrap(), 3);
    let rows = medium.query(Table::Partitions, &Query::default()).await.unwrap().entities;
    let shown: Vec<String> =
        rows.iter().map(|row| format!("{:?} {:?} {:?}", row.key.partition, row.key.row, row.entity.0)).collect();
    let expected = ["00", "01", "02"].map(|n| format!(r#""" "myhub-control-{n}" {{"IsDraining": Bool(false)}}"#));
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_hub_that_exists_is_left_as_it_is_and_completed() {
    let World { hub, medium, .. } = world();
    create(&medium, &hub, 3).await.unwrap();
    let owned = LeaseRow { current_owner: Some("host".into()), ..LeaseRow::default() };
    put_row(&medium, Table::Partitions, LeaseRow::key("myhub-control-01"), owned.to_entity()).await;
    medium.put(Queue::Control(1), "kept", Duration::ZERO).await.unwrap();
    medium.delete_queue(Queue::Control(2)).await.unwrap();
    medium.delete_table(Table::Components).await.unwrap();
    create(&medium, &hub, 3).await.unwrap();
    assert_eq!(parts(&medium).await, WHOLE);
    let status = status(&medium, Timestamp::from_millis(NOW)).await.unwrap();
    assert_eq!(status.partitions[1].owner.as_deref(), Some("host"));
    assert_eq!(status.partitions[1].queue.unwrap().depth, 1);
}

#[tokio::test]
async fn another_number_of_partitions_is_refused_and_changes_nothing() {
    let World { hub, medium, .. } = world();
    create(&medium, &hub, 3).await.unwrap();
    for asked in [1, 4, 16] {
        match create(&medium, &hub, asked).await {
            Err(HubError::PartitionCount { stored: 3, asked: told }) => assert_eq!(told, asked),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(parts(&medium).await, WHOLE);
    for asked in [0, 17, 255] {
        assert!(matches!(create(&medium, &hub, asked).await, Err(HubError::Partitions(told)) if told == asked));
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_that_make_a_hub_at_the_same_time_one_number_of_partitions_wins() {
    let World { hub, medium, .. } = world();
    // Its requests take time, so that both creators are between their tables and their rows.
    let gated = Gated::new(medium);
    let (three, four) = tokio::join!(create(&gated, &hub, 3), create(&gated, &hub, 4));
    let (won, lost) = if three.is_ok() { ((3, three), (4, four)) } else { ((4, four), (3, three)) };
    won.1.unwrap();
    assert_eq!(open(&gated).await.unwrap(), won.0);
    match lost.1 {
        Err(HubError::PartitionCount { stored, asked }) => assert_eq!((stored, asked), (won.0, lost.0)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_interrupted_before_its_rows_is_no_hub() {
    let World { hub, medium, .. } = world();
    assert!(matches!(open(&medium).await, Err(HubError::NotFound)));
    medium.create_table(Table::Partitions).await.unwrap();
    assert!(matches!(open(&medium).await, Err(HubError::NotFound)));
    assert!(matches!(status(&medium, Timestamp::default()).await, Err(HubError::NotFound)));
    create(&medium, &hub, 3).await.unwrap();
    assert_eq!(parts(&medium).await, WHOLE);
}

/// What a client of DurableTask makes, some of it: of a hub of three partitions.
async fn made_by_a_client(rows: &[u8], queues: &[u8], has_tables: bool) -> World {
    let world = world();
    let World { hub, medium, .. } = &world;
    medium.create_container(Container::AppLease).await.unwrap();
    if has_tables {
        for table in [Table::Partitions, Table::Instances, Table::History] {
            medium.create_table(table).await.unwrap();
        }
        medium.create_queue(Queue::WorkItems).await.unwrap();
    }
    for row in rows {
        let key = LeaseRow::key(&hub.queue(Queue::Control(*row)));
        put_row(medium, Table::Partitions, key, LeaseRow::default().to_entity()).await;
    }
    for queue in queues {
        medium.create_queue(Queue::Control(*queue)).await.unwrap();
    }
    world
}

#[tokio::test(start_paused = true)]
async fn whatever_a_client_has_made_is_a_hub_and_what_it_lacks_is_added() {
    let all: &[u8] = &[0, 1, 2];
    let some: [(&[u8], &[u8], bool); 8] = [
        (all, all, true),
        (all, &[], true),
        (all, &[1], true),
        (&[], all, true),
        (&[], all, false),
        (&[0], all, true),
        (&[2], &[0], true),
        (&[0, 2], &[], true),
    ];
    for (rows, queues, has_tables) in some {
        let World { hub, medium, .. } = made_by_a_client(rows, queues, has_tables).await;
        assert_eq!(join(&medium, &hub, None, 4).await.unwrap(), 3, "{rows:?} {queues:?}");
        assert_eq!(parts(&medium).await, format!("{WHOLE} AppLease"), "{rows:?} {queues:?}");
        assert_eq!(open(&medium).await.unwrap(), 3);
        assert!(matches!(join(&medium, &hub, Some(4), 4).await, Err(HubError::PartitionCount { stored: 3, asked: 4 })));
        delete(&medium).await.unwrap();
        assert_eq!(parts(&medium).await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_hub_without_partitions_whoever_joins_says_how_many_there_are() {
    let World { hub, medium, .. } = made_by_a_client(&[], &[], true).await;
    assert_eq!(join(&medium, &hub, Some(3), 4).await.unwrap(), 3);
    let World { hub, medium, .. } = world();
    assert_eq!(join(&medium, &hub, None, 3).await.unwrap(), 3);
    assert_eq!(parts(&medium).await, WHOLE);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_making_the_hub_is_waited_for() {
    let World { hub, medium, .. } = made_by_a_client(&[0], &[0], true).await;
    let client = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        medium.create_queue(Queue::Control(2)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        for partition in [1, 2] {
            let key = LeaseRow::key(&hub.queue(Queue::Control(partition)));
            put_row(&medium, Table::Partitions, key, LeaseRow::default().to_entity()).await;
        }
    };
    // One row and its queue are a hub of one partition; that it is one of three shows when it is looked at again.
    medium.create_queue(Queue::Control(1)).await.unwrap();
    let (joined, ()) = tokio::join!(join(&medium, &hub, None, 4), client);
    assert_eq!(joined.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn queues_of_an_older_hub_do_not_change_one_that_has_instances() {
    let World { hub, medium, .. } = world();
    create(&medium, &hub, 3).await.unwrap();
    medium.create_queue(Queue::Control(7)).await.unwrap();
    put_row(&medium, Table::Instances, Key { partition: "a".into(), row: String::new() }, Entity::new()).await;
    assert_eq!(join(&medium, &hub, None, 4).await.unwrap(), 3);
    assert_eq!(open(&medium).await.unwrap(), 3);
}

#[tokio::test]
async fn nothing_is_left_of_a_deleted_hub_and_its_neighbour_is_untouched() {
    let World { account, hub, medium, .. } = world();
    let neighbour_hub = HubName::new("MyHub2").unwrap();
    let neighbour = account.medium(&neighbour_hub);
    create(&neighbour, &neighbour_hub, 3).await.unwrap();
    create(&medium, &hub, 3).await.unwrap();
    delete(&medium).await.unwrap();
    assert_eq!(parts(&medium).await, "");
    assert_eq!(parts(&neighbour).await, WHOLE);
    assert!(matches!(delete(&medium).await, Err(HubError::NotFound)));
    create(&medium, &hub, 2).await.unwrap();
    assert_eq!(open(&medium).await.unwrap(), 2);
}

#[tokio::test]
async fn a_deletion_that_was_interrupted_is_finished_by_the_next() {
    let World { hub, medium, .. } = world();
    create(&medium, &hub, 3).await.unwrap();
    medium.delete_table(Table::Partitions).await.unwrap();
    assert!(matches!(open(&medium).await, Err(HubError::NotFound)));
    delete(&medium).await.unwrap();
    assert_eq!(parts(&medium).await, "");
}

#[tokio::test]
async fn status_tells_owners_depths_ages_and_counts() {
    let World { now_ms, hub, medium, .. } = world();
    create(&medium, &hub, 2).await.unwrap();
    let row = LeaseRow {
        current_owner: Some("a".into()),
        next_owner: Some("b".into()),
        expires_at: Some(Timestamp::from_millis(NOW + 5_000)),
        is_draining: true,
        ..LeaseRow::default()
    };
    put_row(&medium, Table::Partitions, LeaseRow::key("myhub-control-01"), row.to_entity()).await;
    medium.put(Queue::Control(1), "scheduled", Duration::from_mins(10)).await.unwrap();
    now_ms.fetch_add(7_000, Ordering::Relaxed);
    medium.put(Queue::Control(1), "older", Duration::ZERO).await.unwrap();
    now_ms.fetch_add(2_000, Ordering::Relaxed);
    medium.put(Queue::Control(1), "newer", Duration::ZERO).await.unwrap();
    medium.put(Queue::WorkItems, "activity", Duration::from_secs(9)).await.unwrap();
    for (id, text) in [("1", "Running"), ("2", "Completed"), ("3", "Running")] {
        let mut entity = Entity::new();
        entity.set("RuntimeStatus", Value::Text(text.into()));
        put_row(&medium, Table::Instances, Key { partition: id.into(), row: String::new() }, entity).await;
    }
    let status = status(&medium, Timestamp::from_millis(NOW + 10_000)).await.unwrap();
    let free = PartitionStatus {
        name: "myhub-control-00".into(),
        owner: None,
        next_owner: None,
        expires_at: None,
        is_draining: false,
        queue: Some(QueueStatus { depth: 0, oldest_visible_age: None }),
    };
    let busy = PartitionStatus {
        name: "myhub-control-01".into(),
        owner: Some("a".into()),
        next_owner: Some("b".into()),
        expires_at: row.expires_at,
        is_draining: true,
        queue: Some(QueueStatus { depth: 3, oldest_visible_age: Some(Duration::from_secs(3)) }),
    };
    let by_status = [("Completed".to_owned(), 1), ("Running".to_owned(), 2)].into();
    let expected = HubStatus {
        partitions: vec![free, busy],
        work_items: Some(QueueStatus { depth: 1, oldest_visible_age: None }),
        instances: InstanceCounts { by_status, is_cut_off: false },
    };
    assert_eq!(status, expected);
}

#[tokio::test]
async fn a_count_of_many_instances_is_cut_off() {
    let World { hub, medium, .. } = world();
    create(&medium, &hub, 1).await.unwrap();
    for id in 0..=limits::INSTANCES_COUNTED_MAX {
        let key = Key { partition: format!("{id:05}"), row: String::new() };
        put_row(&medium, Table::Instances, key, Entity::new()).await;
    }
    let counts = status(&medium, Timestamp::default()).await.unwrap().instances;
    let by_status = [("Unknown".to_owned(), limits::INSTANCES_COUNTED_MAX)].into();
    assert_eq!(counts, InstanceCounts { by_status, is_cut_off: true });
}

#[tokio::test]
async fn a_missing_queue_is_shown_as_missing() {
    let World { hub, medium, .. } = world();
    create(&medium, &hub, 1).await.unwrap();
    medium.delete_queue(Queue::Control(0)).await.unwrap();
    medium.delete_queue(Queue::WorkItems).await.unwrap();
    medium.delete_table(Table::Instances).await.unwrap();
    let status = status(&medium, Timestamp::default()).await.unwrap();
    assert_eq!((status.partitions[0].queue, status.work_items), (None, None));
    assert_eq!(status.instances, InstanceCounts::default());
}
