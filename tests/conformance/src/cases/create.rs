//! Creating instances.

use engine::{Message, RuntimeStatus, Timestamp};
use store::{CreateError, CreateInstance, ExistingInstance, pending_state};

use crate::world::{messages, stale};
use crate::{Setup, World, execution, id, raised, start};

fn new(instance: &str, number: u8, at: Timestamp, existing: ExistingInstance) -> CreateInstance {
    CreateInstance { instance_id: id(instance), start: start(execution(number), at), existing }
}

pub async fn a_new_instance_is_pending_and_gets_its_start(world: &mut World) {
    let mut start = start(execution(1), world.now());
    start.scheduled_start = Some(world.in_ms(1_000));
    let instance = CreateInstance { instance_id: id("a"), start: start.clone(), existing: ExistingInstance::Refuse };
    world.backend().create(instance).await.unwrap();

    let snapshot = world.load("a").await;
    assert_eq!(snapshot.row.state, pending_state(id("a"), &start));
    assert_eq!((snapshot.row.held.clone(), snapshot.row.last_event, snapshot.row.wake_at), (None, None, None));
    assert_eq!(snapshot.history, []);
    assert_eq!(world.row("a").await, snapshot.row);
    let ready = world.ready().await;
    assert_eq!(messages(&ready[&id("a")]), [Message::Start(Box::new(start))]);
    assert_eq!(ready.len(), 1);
}

pub async fn an_instance_that_has_not_ended_is_never_replaced(world: &mut World) {
    world.create("pending").await;
    world.ready().await;
    world.create_running("running").await;
    let before = (world.load("pending").await, world.load("running").await);
    for existing in [ExistingInstance::Refuse, ExistingInstance::ReplaceEnded] {
        for instance in ["pending", "running"] {
            let result = world.backend().create(new(instance, 2, world.now(), existing)).await;
            assert!(matches!(result, Err(CreateError::Exists(existing)) if existing == id(instance)));
        }
    }
    assert_eq!((world.load("pending").await, world.load("running").await), before);
    world.assert_idle().await;
}

pub async fn refuse_refuses_even_what_has_ended(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Completed).await;
    let before = world.load("a").await;
    let result = world.backend().create(new("a", 2, world.now(), ExistingInstance::Refuse)).await;
    assert!(matches!(result, Err(CreateError::Exists(_))));
    assert_eq!(world.load("a").await, before);
    world.assert_idle().await;
}

pub async fn an_ended_instance_is_replaced_and_keeps_its_history_until_the_first_commit(world: &mut World) {
    for status in [RuntimeStatus::Completed, RuntimeStatus::Failed, RuntimeStatus::Terminated] {
        let name = status.name();
        let old_token = world.create_ended(name, status).await;
        let old = world.load(name).await;
        world.advance_ms(5);
        world.create_as(name, 2).await;

        let new = world.load(name).await;
        assert_eq!(new.row.state, pending_state(id(name), &start(execution(2), world.now())));
        assert_eq!(new.history, old.history);
        assert_eq!(new.row.last_event, old.row.last_event);
        assert!(new.row.revision > old.row.revision);
        assert_ne!(new.token, old_token);

        let work = world.fetch_of(name).await;
        let turn = world.turn(name).await.replace(2).status(RuntimeStatus::Running).consume(&work.messages);
        world.commit(turn).await;
        let begun = world.load(name).await;
        assert_eq!(begun.history.len(), 2);
        assert_eq!(begun.row.state.execution_id, execution(2));
    }
}

pub async fn a_replacement_makes_older_tokens_stale(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Failed).await;
    let old = world.turn("a").await.append(5, 5);
    world.create_as("a", 2).await;
    let stored = stale(world.backend().commit(old.0).await);
    assert_eq!(stored, Some(world.load("a").await.token));
}

pub async fn a_replacement_ends_the_wake_ups_of_the_old_one(world: &mut World) {
    world.create_running("a").await;
    let turn = world.turn("a").await.append(4, 4).status(RuntimeStatus::Failed).wake_at(world.in_ms(50));
    world.commit(turn).await;
    world.create_as("a", 2).await;
    assert_eq!(world.ready().await.len(), 1);
    world.advance_ms(100);
    world.assert_idle().await;
}

pub async fn what_waits_for_a_replaced_instance_comes_before_its_start(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    world.send("a", raised(2)).await;
    world.settle().await;
    // One message is in hand, the other is not; whoever has it in hand finds itself stale.
    let in_hand = world.fetch_of("a").await;
    world.commit(world.turn("a").await.append(4, 4).status(RuntimeStatus::Failed)).await;
    world.send("a", Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None }).await;
    world.create_as("a", 2).await;

    let ready = world.ready().await;
    let new_start = Message::Start(Box::new(start(execution(2), world.now())));
    let rewind = Message::Rewind { reason: None, execution_id: Some(execution(1)), asker: None, to_event: None };
    let expected = [raised(1), raised(2), rewind, new_start];
    assert_eq!(messages(&ready[&id("a")]), expected);
    assert_eq!(ready[&id("a")][..2], in_hand.messages);
}

pub async fn a_replacement_lets_a_held_instance_go(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Failed).await;
    world.hold("a").await;
    world.create_as("a", 2).await;
    assert_eq!(world.row("a").await.held, None);
    assert_eq!(world.ready().await.len(), 1);
}

pub async fn a_full_backlog_refuses_clients_but_not_turns(world: &mut World) {
    world.begin_anew(Setup { backlog_messages_max: Some(2) }).await;
    world.create("a").await;
    world.send("a", raised(1)).await;
    let result = world.backend().create(new("b", 2, world.now(), ExistingInstance::Refuse)).await;
    assert!(matches!(result, Err(CreateError::Overloaded)));
    let result = world.backend().send(&id("a"), raised(2)).await;
    assert!(matches!(result, Err(store::InstanceError::Overloaded)));
    assert_eq!(world.backend().get(&id("b")).await.unwrap(), None);

    world.settle().await;
    let work = world.fetch_of("a").await;
    assert_eq!(work.messages.len(), 2);
    let turn = world.turn("a").await.append(1, 1).status(RuntimeStatus::Running);
    world.commit(turn.send("a", raised(3)).send("a", raised(4)).send("a", raised(5))).await;
    world.settle().await;
    let sent = world.fetch_of("a").await;
    assert_eq!(messages(&sent.messages), [raised(3), raised(4), raised(5)]);

    // Consumed messages make room.
    world.commit(world.turn("a").await.append(2, 2).consume(&work.messages).consume(&sent.messages)).await;
    world.settle().await;
    world.create_as("b", 2).await;
}
