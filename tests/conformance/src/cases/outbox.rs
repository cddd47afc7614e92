//! What a turn sends.

use engine::{Message, OutboxMessage, RuntimeStatus};
use store::pending_state;

use crate::world::messages;
use crate::{World, child_start, execution, id, parent, raised, rewound_by_parent, start};

pub async fn a_start_creates_a_pending_instance(world: &mut World) {
    world.create_running("a").await;
    world.advance_ms(10);
    let child = child_start(execution(5), world.now());
    let message = Message::Start(Box::new(child.clone()));
    world.commit(world.turn("a").await.append(4, 4).send("child", message.clone())).await;
    // Readers see it as soon as it is to begin.
    let seen = world.backend().get(&id("child")).await.unwrap().unwrap();
    assert_eq!(seen.state, pending_state(id("child"), &child));
    assert_eq!(messages(&world.ready().await[&id("child")]), [message]);
    let new = world.load("child").await;
    assert_eq!((new.row.state, new.history), (pending_state(id("child"), &child), Vec::new()));
    assert_eq!((new.row.held, new.row.last_event, new.row.wake_at), (None, None, None));
}

pub async fn a_start_without_a_parent_creates_a_pending_instance(world: &mut World) {
    world.create_running("a").await;
    world.advance_ms(10);
    let free = start(execution(5), world.now());
    let message = Message::Start(Box::new(free.clone()));
    let last = world.turn("a").await.append(4, 4).status(RuntimeStatus::Completed);
    world.commit(last.send("free", message.clone())).await;
    assert_eq!(messages(&world.ready().await[&id("free")]), [message]);
    let new = world.load("free").await;
    assert_eq!((new.row.state, new.history), (pending_state(id("free"), &free), Vec::new()));
}

pub async fn a_start_without_a_parent_replaces_an_ended_instance(world: &mut World) {
    world.create_running("a").await;
    world.create_ended("free", RuntimeStatus::Failed).await;
    let attempt = start(execution(6), world.now());
    let message = Message::Start(Box::new(attempt.clone()));
    let last = world.turn("a").await.append(4, 4).status(RuntimeStatus::Completed);
    world.commit(last.send("free", message.clone())).await;
    assert_eq!(messages(&world.ready().await[&id("free")]), [message]);
    assert_eq!(world.load("free").await.row.state, pending_state(id("free"), &attempt));
}

pub async fn a_start_replaces_an_ended_instance(world: &mut World) {
    world.create_running("a").await;
    world.create_ended("child", RuntimeStatus::Failed).await;
    let old = world.load("child").await;
    let attempt = child_start(execution(6), world.now());
    let message = Message::Start(Box::new(attempt.clone()));
    world.commit(world.turn("a").await.append(4, 4).send("child", message.clone())).await;
    assert_eq!(messages(&world.ready().await[&id("child")]), [message]);
    let new = world.load("child").await;
    assert_eq!(new.row.state, pending_state(id("child"), &attempt));
    assert_eq!(new.history, old.history);
    assert!(new.row.revision > old.row.revision);
    // Where it is the next turn that replaces, it does so under this token.
    assert!(new.token != old.token || !world.hands_out_only_what_is_due());
}

pub async fn a_repeated_start_of_an_ended_execution_is_merely_delivered(world: &mut World) {
    world.create_running("a").await;
    world.create_ended("child", RuntimeStatus::Completed).await;
    let before = world.load("child").await;
    let repeat = Message::Start(Box::new(child_start(before.row.state.execution_id, world.now())));
    world.commit(world.turn("a").await.append(4, 4).send("child", repeat.clone())).await;
    assert_eq!(messages(&world.ready().await[&id("child")]), [repeat]);
    assert_eq!(world.load("child").await, before);
}

pub async fn a_repeated_start_of_what_has_continued_as_new_since_is_merely_delivered(world: &mut World) {
    world.create_running("a").await;
    world.create_running("child").await;
    let first = world.load("child").await.row.state.execution_id;
    let mut last = world.turn("child").await.append(4, 4).status(RuntimeStatus::Completed);
    (last.0.state.execution_id, last.0.state.generation) = (first.next().next(), 2);
    last.0.state.first_execution = Some(first);
    world.commit(last).await;
    let before = world.load("child").await;
    let repeat = Message::Start(Box::new(child_start(first, world.now())));
    world.commit(world.turn("a").await.append(4, 4).send("child", repeat.clone())).await;
    assert_eq!(messages(&world.ready().await[&id("child")]), [repeat]);
    assert_eq!(world.row("child").await, before.row);
}

pub async fn a_start_of_an_instance_that_has_not_ended_is_delivered(world: &mut World) {
    world.create_running("a").await;
    world.create_running("child").await;
    let before = world.load("child").await;
    let message = Message::Start(Box::new(child_start(execution(6), world.now())));
    world.commit(world.turn("a").await.append(4, 4).send("child", message.clone())).await;
    assert_eq!(messages(&world.ready().await[&id("child")]), [message]);
    assert_eq!(world.load("child").await, before);
}

pub async fn other_messages_to_nobody_are_dropped(world: &mut World) {
    world.create_running("a").await;
    let terminate = Message::Terminate { reason: None, recurse: false, execution_id: None };
    world.commit(world.turn("a").await.append(4, 4).send("nobody", raised(1)).send("nobody", terminate)).await;
    world.assert_nobody("nobody").await;
}

pub async fn a_parent_that_asks_nobody_is_answered(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.append(4, 4).send("nobody", rewound_by_parent())).await;
    let answer = OutboxMessage::instance_gone(&id("nobody"), &parent()).message;
    world.assert_answered("a", &answer).await;
}

pub async fn a_message_of_a_turn_keeps_the_execution_that_it_names(world: &mut World) {
    world.create_running("a").await;
    world.create_ended("child", RuntimeStatus::Completed).await;
    world.create_as("child", 2).await;
    let start = world.fetch_of("child").await;
    let first = world.turn("child").await.replace(3).state(|state| state.execution_id = execution(2));
    world.commit(first.status(RuntimeStatus::Running).consume(&start.messages)).await;
    let to_old = Message::Terminate { reason: None, recurse: true, execution_id: Some(execution(1)) };
    let to_any = Message::Terminate { reason: None, recurse: true, execution_id: None };
    let turn = world.turn("a").await.append(4, 4).send("child", to_old.clone()).send("child", to_any.clone());
    world.commit(turn).await;
    assert_eq!(messages(&world.ready().await[&id("child")]), [to_old, to_any]);
}

pub async fn other_messages_reach_an_ended_instance(world: &mut World) {
    world.create_running("a").await;
    world.create_ended("b", RuntimeStatus::Failed).await;
    world.commit(world.turn("a").await.append(4, 4).send("b", raised(1))).await;
    assert_eq!(messages(&world.ready().await[&id("b")]), [raised(1)]);
}

pub async fn messages_keep_their_order_and_may_be_to_oneself(world: &mut World) {
    world.create_running("a").await;
    world.create_running("b").await;
    let turn = world.turn("a").await.append(4, 4);
    let turn = turn.send("b", raised(1)).send("a", raised(2)).send("b", raised(3)).send("a", raised(4));
    world.commit(turn).await;
    let ready = world.ready().await;
    assert_eq!(messages(&ready[&id("b")]), [raised(1), raised(3)]);
    assert_eq!(messages(&ready[&id("a")]), [raised(2), raised(4)]);
}

pub async fn a_message_behind_a_start_reaches_the_new_instance(world: &mut World) {
    world.create_running("a").await;
    let message = Message::Start(Box::new(child_start(execution(5), world.now())));
    world.commit(world.turn("a").await.append(4, 4).send("child", message.clone()).send("child", raised(1))).await;
    assert_eq!(messages(&world.ready().await[&id("child")]), [message, raised(1)]);
}

pub async fn what_was_sent_survives_a_crash(world: &mut World) {
    world.create_running("a").await;
    world.create_running("b").await;
    let message = Message::Start(Box::new(child_start(execution(5), world.now())));
    world.commit(world.turn("a").await.append(4, 4).send("child", message.clone()).send("b", raised(1))).await;
    world.crash().await;
    let ready = world.ready().await;
    assert_eq!(messages(&ready[&id("child")]), [message]);
    assert_eq!(messages(&ready[&id("b")]), [raised(1)]);
}
