//! Holding instances and letting them go.

use engine::{Digest, RuntimeStatus};
use store::{InstanceError, Token};

use crate::world::{messages, stale};
use crate::{World, id, raised};

pub async fn a_held_instance_shows_why_and_keeps_everything(world: &mut World) {
    world.create_running("a").await;
    let before = world.load("a").await;
    let reason = world.reason();
    let token = world.backend().hold(&id("a"), before.token.clone(), reason.clone()).await.unwrap();
    let after = world.load("a").await;
    assert_eq!(after.token, token);
    assert_ne!(token, before.token);
    assert_eq!(after.row.held, Some(reason));
    assert!(after.row.revision > before.row.revision);
    assert_eq!((after.row.state, after.history), (before.row.state, before.history));
}

pub async fn a_held_instance_is_not_handed_out(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.wake_at(world.in_ms(10)).open_activities()).await;
    world.send("a", raised(1)).await;
    world.hold("a").await;
    world.send("a", raised(2)).await;
    world.advance_ms(1_000);
    world.assert_idle().await;
    world.crash().await;
    world.advance_ms(1_000);
    world.assert_idle().await;
    assert!(world.row("a").await.held.is_some());
}

pub async fn messages_of_a_held_instance_may_be_given_back(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let work = world.fetch_of("a").await;
    world.hold("a").await;
    world.backend().abandon(work).await.unwrap();
    world.rest();
    world.assert_idle().await;
    world.backend().release(&id("a"), None).await.unwrap();
    assert_eq!(messages(&world.ready().await[&id("a")]), [raised(1)]);
    world.assert_idle().await;
}

pub async fn holding_needs_the_stored_token(world: &mut World) {
    let old = world.create_running("a").await;
    let new = world.commit(world.turn("a").await.append(4, 4)).await;
    for token in [old, Token("x".into())] {
        assert_eq!(stale(world.backend().hold(&id("a"), token, world.reason()).await), Some(new.clone()));
    }
    assert_eq!(world.row("a").await.held, None);
    assert_eq!(stale(world.backend().hold(&id("never"), new, world.reason()).await), None);
}

pub async fn released_messages_all_go_out_again(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let in_hand = world.fetch_of("a").await;
    world.send("a", raised(2)).await;
    world.hold("a").await;
    world.send("a", raised(3)).await;
    let before = world.row("a").await;
    world.backend().release(&id("a"), None).await.unwrap();
    let after = world.row("a").await;
    assert_eq!(after.held, None);
    assert!(after.revision > before.revision);
    let ready = world.ready().await;
    assert_eq!(messages(&ready[&id("a")]), [raised(1), raised(2), raised(3)]);
    assert_eq!(ready[&id("a")][0], in_hand.messages[0]);
    world.assert_idle().await;
}

pub async fn several_released_at_once_all_get_their_messages(world: &mut World) {
    let instances = ["a", "b", "c", "d"];
    for instance in instances {
        world.create(instance).await;
        world.hold(instance).await;
    }
    for instance in instances {
        world.backend().release(&id(instance), None).await.unwrap();
    }
    for (instance, work) in world.ready().await {
        assert_eq!(work.len(), 1, "{instance}");
    }
    world.assert_idle().await;
}

pub async fn who_gives_back_what_was_taken_from_him_delays_nobody(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let stale = world.fetch_of("a").await;
    world.backend().release(&id("a"), Some(Digest::of(b"fixed"))).await.unwrap();
    world.backend().abandon(stale.clone()).await.unwrap();
    assert_eq!(world.ready().await[&id("a")], stale.messages);
    world.rest();
    world.assert_idle().await;
}

pub async fn a_released_instance_without_messages_is_woken(world: &mut World) {
    world.create_running("a").await;
    world.hold("a").await;
    world.backend().release(&id("a"), None).await.unwrap();
    assert_eq!(world.ready().await[&id("a")], []);
    world.assert_idle().await;
}

pub async fn a_released_instance_is_still_woken_later(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.wake_at(world.in_ms(1_000))).await;
    world.hold("a").await;
    world.backend().release(&id("a"), None).await.unwrap();
    assert!(world.ready().await.len() == 1 || !world.hands_out_only_what_is_due());
    world.advance_ms(1_000);
    assert_eq!(world.ready().await[&id("a")], []);
}

pub async fn a_release_may_pin_another_component(world: &mut World) {
    world.create_running("a").await;
    world.hold("a").await;
    let before = world.row("a").await;
    let digest = Digest::of(b"fixed");
    world.backend().release(&id("a"), Some(digest)).await.unwrap();
    let mut after = world.row("a").await;
    assert_eq!(after.state.component, Some(digest));
    after.state.component = before.state.component;
    assert_eq!(after.state, before.state);
}

pub async fn an_instance_that_is_not_held_is_migrated(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let in_hand = world.fetch_of("a").await;
    let warm = world.turn("a").await.append(4, 4).consume(&in_hand.messages);
    let digest = Digest::of(b"fixed");
    world.backend().release(&id("a"), Some(digest)).await.unwrap();
    assert_eq!(world.row("a").await.state.component, Some(digest));
    assert_eq!(world.ready().await[&id("a")], in_hand.messages);
    stale(world.backend().commit(warm.0).await);
    world.commit(world.turn("a").await.append(4, 4).consume(&in_hand.messages)).await;
    world.rest();
    world.crash().await;
    world.assert_idle().await;
}

pub async fn releasing_what_is_not_held_without_a_component_does_nothing(world: &mut World) {
    world.create_running("a").await;
    let before = world.load("a").await;
    world.backend().release(&id("a"), None).await.unwrap();
    assert_eq!(world.load("a").await, before);
    world.assert_idle().await;
}

pub async fn an_unknown_instance_is_not_released(world: &mut World) {
    for component in [None, Some(Digest::of(b"x"))] {
        let result = world.backend().release(&id("a"), component).await;
        assert!(matches!(result, Err(InstanceError::NotFound(_))));
    }
}

pub async fn a_held_instance_can_be_held_and_released_again(world: &mut World) {
    world.create_running("a").await;
    for number in 0..3 {
        let digest = Digest::of(&[number]);
        world.hold("a").await;
        world.hold("a").await;
        world.backend().release(&id("a"), Some(digest)).await.unwrap();
        assert_eq!(world.ready().await[&id("a")], []);
        let row = world.row("a").await;
        assert_eq!((row.held, row.state.component), (None, Some(digest)));
    }
}

pub async fn a_failed_instance_can_be_migrated_before_a_rewind(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Failed).await;
    let digest = Digest::of(b"fixed");
    world.backend().release(&id("a"), Some(digest)).await.unwrap();
    let row = world.row("a").await;
    assert_eq!((row.state.status, row.state.component), (RuntimeStatus::Failed, Some(digest)));
}
