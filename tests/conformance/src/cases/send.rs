//! Sending messages to instances.

use engine::{Message, RuntimeStatus};
use store::InstanceError;

use crate::world::messages;
use crate::{World, id, raised};

pub async fn messages_arrive_in_the_order_they_were_sent(world: &mut World) {
    world.create_running("a").await;
    for number in 0..10 {
        world.send("a", raised(number)).await;
    }
    let expected: Vec<_> = (0..10).map(raised).collect();
    assert_eq!(messages(&world.ready().await[&id("a")]), expected);
}

pub async fn every_kind_of_message_arrives_as_it_was_sent(world: &mut World) {
    world.create_running("a").await;
    let reason = Some(engine::Payload::from("because"));
    let sent = [
        Message::Suspend { reason: reason.clone() },
        Message::Resume { reason: None },
        Message::Terminate { reason, recurse: true, execution_id: Some(crate::execution(7)) },
        raised(3),
    ];
    for message in sent.clone() {
        world.send("a", message).await;
    }
    assert_eq!(messages(&world.ready().await[&id("a")]), sent);
}

pub async fn an_unknown_instance_is_not_found(world: &mut World) {
    let result = world.backend().send(&id("a"), raised(1)).await;
    assert!(matches!(result, Err(InstanceError::NotFound(unknown)) if unknown == id("a")));
    world.assert_idle().await;
}

pub async fn an_ended_instance_takes_no_message_and_shows_its_row(world: &mut World) {
    for status in [RuntimeStatus::Completed, RuntimeStatus::Failed, RuntimeStatus::Terminated] {
        world.create_ended(status.name(), status).await;
        let row = world.row(status.name()).await;
        match world.backend().send(&id(status.name()), raised(1)).await {
            Err(InstanceError::WrongStatus(shown)) => world.assert_same_row(&shown, &row),
            other => panic!("{other:?}"),
        }
    }
    world.assert_idle().await;
}

pub async fn only_a_failed_instance_can_be_rewound(world: &mut World) {
    let rewind = Message::Rewind { reason: None, to_event: None };
    world.create_running("running").await;
    for status in [RuntimeStatus::Completed, RuntimeStatus::Failed, RuntimeStatus::Terminated] {
        world.create_ended(status.name(), status).await;
    }
    for instance in ["running", "Completed", "Terminated"] {
        let result = world.backend().send(&id(instance), rewind.clone()).await;
        assert!(matches!(result, Err(InstanceError::WrongStatus(_))), "{instance}");
    }
    world.send("Failed", rewind.clone()).await;
    let ready = world.ready().await;
    assert_eq!(messages(&ready[&id("Failed")]), [rewind]);
    assert_eq!(ready.len(), 1);
}
