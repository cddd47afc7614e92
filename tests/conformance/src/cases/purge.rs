//! Deleting instances.

use std::collections::BTreeSet;

use engine::{EventId, EventKind, HistoryChange, HistoryEvent, Message, OutboxMessage, Payload, RuntimeStatus, TaskId};
use store::{HistoryPage, InstanceError, InstanceFilter, PurgeFilter};

use crate::world::messages;
use crate::{World, execution, id, parent, raised, rewound_by_parent, timestamp};

pub async fn a_purged_instance_is_gone_with_everything(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Failed).await;
    world.send("a", Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None }).await;
    world.backend().purge(&id("a")).await.unwrap();
    assert_eq!(world.backend().get(&id("a")).await.unwrap(), None);
    assert_eq!(world.backend().load(&id("a")).await.unwrap(), None);
    assert_eq!(world.backend().history(&id("a"), engine::EventId::FIRST, 10).await.unwrap(), HistoryPage::default());
    assert_eq!(world.backend().list(&InstanceFilter::default()).await.unwrap().rows, []);
    world.assert_idle().await;
    world.crash().await;
    world.assert_idle().await;
    assert_eq!(world.backend().get(&id("a")).await.unwrap(), None);
}

pub async fn a_purge_answers_a_parent_that_was_waiting(world: &mut World) {
    world.create_running("a").await;
    world.create_ended("child", RuntimeStatus::Failed).await;
    world.commit(world.turn("a").await.append(4, 4).send("child", rewound_by_parent())).await;
    world.backend().purge(&id("child")).await.unwrap();
    let answer = OutboxMessage::instance_gone(&id("child"), &parent()).message;
    world.assert_answered("a", &answer).await;
}

pub async fn what_was_for_a_purged_instance_names_none_that_comes_after_it(world: &mut World) {
    world.create_running("a").await;
    // Accepted twice while it runs; a turn takes in only one of them.
    let terminate = Message::Terminate { reason: None, recurse: false, execution_id: None };
    world.send("a", terminate.clone()).await;
    world.send("a", terminate.clone()).await;
    world.settle().await;
    let ended = world.turn("a").await.append(4, 4).status(RuntimeStatus::Terminated);
    world.commit(ended).await;
    world.backend().purge(&id("a")).await.unwrap();
    world.create_as("a", 2).await;
    let ready = world.ready().await;
    let left: Vec<_> = messages(&ready[&id("a")]).into_iter().filter(|it| !matches!(it, Message::Start(_))).collect();
    let expected = terminate.addressed_to(execution(1));
    assert!(left.iter().all(|message| *message == expected), "{left:?}");
}

/// Ids that contain one another, that look like what another is made into, or of which an address loses something.
const ALIKE: [&str; 10] = ["a", "a/b", "a^0b", "a/", "./a", "/a", ".", "..", "A", "a%2fb"];

pub async fn a_purge_spares_those_whose_ids_are_alike(world: &mut World) {
    let large = |text: &str| Some(Payload::from(format!("{text} {}", "x".repeat(100_000))));
    let event = |instance: &str| {
        let Message::RaiseEvent { name, key, execution_id, .. } = raised(1) else { unreachable!() };
        Message::RaiseEvent { name, key, execution_id, data: large(instance) }
    };
    for instance in ALIKE {
        world.create_running(instance).await;
    }
    for instance in ALIKE {
        let mut turn = world.turn(instance).await.state(|state| state.custom_status = large("c"));
        let kind = EventKind::TaskCompleted { task: TaskId(0), output: large("h") };
        let recorded = HistoryEvent { id: EventId(4), at: world.now(), kind };
        turn.0.history = HistoryChange::Append { events: vec![recorded] };
        world.commit(turn).await;
        world.send(instance, event(instance)).await;
    }
    let mut left: Vec<&str> = ALIKE.to_vec();
    for purged in ["a", "a^0b", "/a", ".", "a%2fb"] {
        world.commit(world.turn(purged).await.append(5, 5).status(RuntimeStatus::Completed)).await;
        let mut before = Vec::new();
        left.retain(|instance| *instance != purged);
        for instance in &left {
            before.push(world.load(instance).await);
        }
        world.backend().purge(&id(purged)).await.unwrap();
        assert_eq!(world.backend().get(&id(purged)).await.unwrap(), None, "{purged}");
        for (instance, before) in left.iter().zip(before) {
            let after = world.load(instance).await;
            assert!(
                after.history == before.history && after.row == before.row,
                "{purged} took something of {instance}"
            );
        }
    }
    let ready = world.ready().await;
    assert!(ready.keys().eq(&left.iter().map(|instance| id(instance)).collect::<BTreeSet<_>>()));
    for instance in left {
        assert!(messages(&ready[&id(instance)]) == [event(instance)], "{instance}");
    }
}

pub async fn an_instance_that_has_not_ended_is_not_purged(world: &mut World) {
    world.create_running("a").await;
    let row = world.row("a").await;
    match world.backend().purge(&id("a")).await {
        Err(InstanceError::WrongStatus(shown)) => world.assert_same_row(&shown, &row),
        other => panic!("{other:?}"),
    }
    let result = world.backend().purge(&id("b")).await;
    assert!(matches!(result, Err(InstanceError::NotFound(_))));
    assert_eq!(world.row("a").await, row);
}

pub async fn the_successor_of_a_purged_instance_begins_empty_and_above_it(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Completed).await;
    let old = world.row("a").await;
    world.backend().purge(&id("a")).await.unwrap();
    world.create_as("a", 2).await;
    let new = world.load("a").await;
    assert_eq!((new.history, new.row.last_event, new.row.state.output), (Vec::new(), None, None));
    assert!(new.row.revision > old.revision);
    assert_eq!(world.ready().await[&id("a")].len(), 1);
}

pub async fn purging_by_filter_spares_what_does_not_match(world: &mut World) {
    async fn prepare(world: &mut World) {
        world.create_running("running").await;
        world.create_ended("completed", RuntimeStatus::Completed).await;
        world.advance_ms(1_000);
        world.create_ended("failed", RuntimeStatus::Failed).await;
        world.advance_ms(1_000);
        world.create_ended("terminated", RuntimeStatus::Terminated).await;
    }
    let begin = world.now().as_millis();
    prepare(world).await;
    let (from, to) = (Some(timestamp(begin + 1_000)), Some(timestamp(begin + 1_000)));
    for (filter, purged) in [
        (PurgeFilter { statuses: vec![RuntimeStatus::Running], ..PurgeFilter::default() }, 0),
        (PurgeFilter { created_to: Some(timestamp(begin.saturating_sub(1))), ..PurgeFilter::default() }, 0),
        (PurgeFilter { statuses: vec![RuntimeStatus::Completed], created_from: from, created_to: None }, 0),
        (PurgeFilter { statuses: Vec::new(), created_from: from, created_to: to }, 1),
        (PurgeFilter { statuses: vec![RuntimeStatus::Completed, RuntimeStatus::Running], ..PurgeFilter::default() }, 1),
        (PurgeFilter::default(), 1),
        (PurgeFilter::default(), 0),
    ] {
        assert_eq!(world.backend().purge_matching(&filter).await.unwrap(), purged, "{filter:?}");
    }
    let left = world.backend().list(&InstanceFilter::default()).await.unwrap().rows;
    assert_eq!(left.into_iter().map(|row| row.state.instance_id).collect::<Vec<_>>(), [id("running")]);
}

pub async fn purging_by_filter_takes_any_number(world: &mut World) {
    for number in 0..300 {
        world.create_ended(&format!("i{number}"), RuntimeStatus::Completed).await;
    }
    world.create_running("running").await;
    assert_eq!(world.backend().purge_matching(&PurgeFilter::default()).await.unwrap(), 300);
    assert_eq!(world.backend().list(&InstanceFilter::default()).await.unwrap().rows.len(), 1);
}
