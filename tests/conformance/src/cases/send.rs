//! Sending messages to instances.

use engine::Message::{self, RaiseEvent};
use engine::RuntimeStatus;
use store::InstanceError;

use crate::world::messages;
use crate::{World, execution, id, raised};

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
        Message::Suspend { reason: reason.clone(), execution_id: Some(execution(1)) },
        Message::Resume { reason: None, execution_id: Some(execution(8)) },
        Message::Terminate { reason, recurse: true, execution_id: Some(execution(7)) },
        raised(3),
    ];
    for message in sent.clone() {
        world.send("a", message).await;
    }
    assert_eq!(messages(&world.ready().await[&id("a")]), sent);
}

/// A message of each kind that a client sends; they name no execution.
fn without_execution() -> [Message; 4] {
    let RaiseEvent { name, data, key, .. } = raised(1) else { unreachable!() };
    [
        Message::Suspend { reason: None, execution_id: None },
        Message::Resume { reason: None, execution_id: None },
        RaiseEvent { name, data, key, execution_id: None },
        Message::Terminate { reason: None, recurse: true, execution_id: None },
    ]
}

pub async fn a_message_is_for_the_execution_that_was_there_when_it_was_accepted(world: &mut World) {
    world.create_running("a").await;
    for message in without_execution() {
        world.send("a", message).await;
    }
    world.settle().await;
    let named = without_execution().map(|message| message.addressed_to(execution(1)));
    let before = world.fetch_of("a").await;
    world.commit(world.turn("a").await.append(4, 4).status(RuntimeStatus::Terminated)).await;
    assert!(before.messages.iter().all(|envelope| named.contains(&envelope.message)), "{before:?}");
    world.create_as("a", 2).await;
    world.send("a", Message::Suspend { reason: None, execution_id: None }).await;
    let after = world.ready().await.remove(&id("a")).unwrap();
    let after: Vec<_> = messages(&after).into_iter().filter(|message| !matches!(message, Message::Start(_))).collect();
    let for_new = Message::Suspend { reason: None, execution_id: Some(execution(2)) };
    assert_eq!(after, [named.to_vec(), vec![for_new]].concat());
}

pub async fn a_message_for_a_later_generation_names_the_first(world: &mut World) {
    world.create_running("a").await;
    let later = world.turn("a").await.replace(3).state(|state| {
        state.first_execution = Some(state.execution_id);
        state.execution_id = state.execution_id.next();
        state.generation = 1;
    });
    world.commit(later).await;
    for message in without_execution() {
        world.send("a", message).await;
    }
    let named = without_execution().map(|message| message.addressed_to(execution(1)));
    assert_eq!(messages(&world.ready().await[&id("a")]), named);
}

pub async fn a_message_for_an_earlier_execution_is_never_made_one_for_the_next(world: &mut World) {
    let for_earlier = without_execution().map(|message| message.addressed_to(execution(1)));
    let for_next = without_execution().map(|message| message.addressed_to(execution(2)));
    for is_purged in [false, true] {
        let instance = if is_purged { "purged" } else { "replaced" };
        world.create_ended(instance, RuntimeStatus::Completed).await;
        if is_purged {
            world.backend().purge(&id(instance)).await.unwrap();
        }
        world.create_as(instance, 2).await;
        let start = world.fetch_of(instance).await;
        let first = world.turn(instance).await.replace(3).state(|state| state.execution_id = execution(2));
        world.commit(first.status(RuntimeStatus::Running).consume(&start.messages)).await;
        // Some that are late, and some of clients that have not said which execution they mean.
        for message in for_earlier.iter().cloned().chain(without_execution()) {
            world.send(instance, message).await;
        }
        let arrived = messages(&world.ready().await[&id(instance)]);
        assert_eq!(arrived, [for_earlier.as_slice(), for_next.as_slice()].concat(), "{instance}");
    }
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

pub async fn an_ended_instance_takes_a_termination_of_its_children(world: &mut World) {
    let terminate = |recurse| Message::Terminate { reason: None, recurse, execution_id: None };
    for status in [RuntimeStatus::Completed, RuntimeStatus::Failed, RuntimeStatus::Terminated] {
        world.create_ended(status.name(), status).await;
        let alone = world.backend().send(&id(status.name()), terminate(false)).await;
        assert!(matches!(alone, Err(InstanceError::WrongStatus(_))), "{status:?}");
        world.send(status.name(), terminate(true)).await;
        let ready = world.ready().await;
        assert_eq!(messages(&ready[&id(status.name())]), [terminate(true).addressed_to(execution(1))]);
        let kept = world.turn(status.name()).await;
        world.commit(kept).await;
        assert_eq!(world.row(status.name()).await.state.status, status);
    }
}

pub async fn only_a_failed_instance_can_be_rewound(world: &mut World) {
    let rewind = Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None };
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
    assert_eq!(messages(&ready[&id("Failed")]), [rewind.addressed_to(execution(1))]);
    assert_eq!(ready.len(), 1);
}
