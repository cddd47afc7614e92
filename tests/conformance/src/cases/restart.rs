//! What a new process finds.

use std::collections::BTreeMap;

use engine::RuntimeStatus;

use crate::world::messages;
use crate::{World, id, raised};

pub async fn unconsumed_messages_are_handed_out_again(world: &mut World) {
    world.create_running("in-hand").await;
    world.create_running("waiting").await;
    world.create_running("consumed").await;
    world.send("in-hand", raised(1)).await;
    let in_hand = world.fetch_of("in-hand").await;
    world.send("consumed", raised(3)).await;
    let consumed = world.fetch_of("consumed").await;
    world.send("waiting", raised(2)).await;
    world.commit(world.turn("consumed").await.append(4, 4).consume(&consumed.messages)).await;
    world.crash().await;
    let ready = world.ready().await;
    assert_eq!(messages(&ready[&id("in-hand")]), messages(&in_hand.messages));
    assert_eq!(messages(&ready[&id("waiting")]), [raised(2)]);
    assert_eq!(ready.len(), 2);
    world.assert_idle().await;
}

pub async fn an_instance_with_open_activities_is_woken_once_and_only_after_a_restart(world: &mut World) {
    world.create_running("a").await;
    world.create_running("b").await;
    world.commit(world.turn("a").await.append(4, 4).open_activities()).await;
    world.commit(world.turn("b").await.append(4, 4).open_activities()).await;
    world.commit(world.turn("b").await.append(5, 5)).await;
    world.advance_ms(1_000);
    world.assert_idle().await;
    for _ in 0..2 {
        world.crash().await;
        assert_eq!(world.ready().await, BTreeMap::from([(id("a"), vec![])]));
        world.assert_idle().await;
    }
}

pub async fn open_activities_and_messages_are_one_work_item(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.append(4, 4).open_activities().wake_at(world.now())).await;
    world.send("a", raised(1)).await;
    world.crash().await;
    assert_eq!(messages(&world.ready().await[&id("a")]), [raised(1)]);
    world.assert_idle().await;
}

pub async fn wake_ups_are_kept(world: &mut World) {
    let times = [("due", 0), ("soon", 1_000), ("late", 1_000_000)];
    for (instance, _) in times {
        world.create_running(instance).await;
    }
    for (instance, delay) in times {
        world.commit(world.turn(instance).await.wake_at(world.in_ms(delay))).await;
    }
    // Handed out, but nothing came of it.
    assert_eq!(world.ready().await.len(), 1);
    world.crash().await;
    assert_eq!(world.woken().await, [id("due")]);
    world.advance_ms(1_000);
    assert_eq!(world.woken().await, [id("soon")]);
    world.advance_ms(1_000_000);
    assert_eq!(world.woken().await, [id("late")]);
}

pub async fn what_became_due_meanwhile_is_handed_out(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.wake_at(world.in_ms(1_000))).await;
    world.advance_ms(5_000);
    world.crash().await;
    assert_eq!(world.ready().await[&id("a")], []);
    world.assert_idle().await;
}

pub async fn tokens_stay_valid(world: &mut World) {
    let token = world.create_running("a").await;
    world.crash().await;
    assert_eq!(world.load("a").await.token, token);
    world.commit(world.turn("a").await.append(4, 4).under(&token)).await;
}

pub async fn no_token_is_used_twice_across_a_restart(world: &mut World) {
    let old = world.create_ended("a", RuntimeStatus::Completed).await;
    let revision = world.row("a").await.revision;
    world.backend().purge(&id("a")).await.unwrap();
    world.crash().await;
    world.create_running("a").await;
    assert!(world.row("a").await.revision > revision);
    for _ in 0..5 {
        assert_ne!(world.load("a").await.token, old);
        world.commit(world.turn("a").await).await;
    }
}

pub async fn new_messages_come_after_old_ones(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    world.crash().await;
    world.send("a", raised(2)).await;
    assert_eq!(messages(&world.ready().await[&id("a")]), [raised(1), raised(2)]);
}
