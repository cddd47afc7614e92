//! Wake-ups.

use std::collections::BTreeSet;

use crate::world::messages;
use crate::{World, id, raised};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

pub async fn an_instance_is_woken_when_its_time_has_come_and_once(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.append(4, 4).wake_at(world.in_ms(SECOND))).await;
    world.advance_ms(SECOND - 1);
    world.assert_idle().await;
    world.advance_ms(1);
    assert_eq!(world.ready().await[&id("a")], []);
    world.advance_ms(SECOND);
    world.assert_idle().await;
}

pub async fn a_time_in_the_past_is_now(world: &mut World) {
    world.create_running("a").await;
    world.advance_ms(10);
    for at in [crate::timestamp(0), world.now()] {
        world.commit(world.turn("a").await.wake_at(at)).await;
        assert_eq!(world.ready().await[&id("a")], []);
    }
}

pub async fn a_later_commit_replaces_the_wake_up(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.wake_at(world.in_ms(SECOND))).await;
    world.commit(world.turn("a").await.wake_at(world.in_ms(3 * SECOND))).await;
    world.advance_ms(2 * SECOND);
    world.assert_idle().await;
    world.advance_ms(SECOND);
    assert_eq!(world.ready().await[&id("a")], []);

    world.commit(world.turn("a").await.wake_at(world.in_ms(SECOND))).await;
    world.commit(world.turn("a").await).await;
    world.advance_ms(2 * SECOND);
    world.assert_idle().await;
    assert_eq!(world.row("a").await.wake_at, None);
}

pub async fn a_commit_takes_back_a_wake_up_that_is_owed(world: &mut World) {
    world.create_running("a").await;
    world.create_running("b").await;
    world.commit(world.turn("a").await.wake_at(world.now())).await;
    world.commit(world.turn("b").await.wake_at(world.now())).await;
    // Only one is handed out; the other is due, and waits.
    let work = world.backend().fetch(1).await.unwrap().remove(0);
    let other = if work.instance_id == id("a") { "b" } else { "a" };
    world.commit(world.turn(other).await).await;
    world.assert_idle().await;
}

pub async fn the_far_future_comes_too(world: &mut World) {
    for (instance, hours) in [("hour", 1), ("day", 24), ("year", 24 * 365)] {
        world.create_running(instance).await;
        world.commit(world.turn(instance).await.wake_at(world.in_ms(hours * HOUR))).await;
    }
    let mut passed = 0;
    for (instance, hours) in [("hour", 1), ("day", 24), ("year", 24 * 365)] {
        world.advance_ms((hours - passed) * HOUR - 1);
        world.assert_idle().await;
        world.advance_ms(1);
        passed = hours;
        assert_eq!(world.woken().await, [id(instance)]);
    }
}

pub async fn the_end_of_time_never_comes(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.wake_at(crate::timestamp(u64::MAX))).await;
    world.advance_ms(1_000 * 365 * 24 * HOUR);
    world.assert_idle().await;
    world.crash().await;
    world.assert_idle().await;
}

pub async fn a_wake_up_and_messages_are_one_work_item(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.wake_at(world.in_ms(SECOND))).await;
    world.send("a", raised(1)).await;
    world.advance_ms(SECOND);
    assert_eq!(messages(&world.ready().await[&id("a")]), [raised(1)]);
    world.assert_idle().await;
}

pub async fn a_waiting_fetch_answers_when_the_time_comes(world: &mut World) {
    for delay in [SECOND, HOUR] {
        world.create_running("a").await;
        world.commit(world.turn("a").await.wake_at(world.in_ms(delay))).await;
        let backend = world.share();
        let fetching = tokio::spawn(async move { backend.fetch(10).await.unwrap() });
        tokio::task::yield_now().await;
        world.advance_ms(delay);
        let items = fetching.await.unwrap();
        assert_eq!((items.len(), &items[0].instance_id), (1, &id("a")));
        world.commit(world.turn("a").await.status(engine::RuntimeStatus::Completed)).await;
        world.backend().purge(&id("a")).await.unwrap();
    }
}

pub async fn an_earlier_wake_up_wakes_a_fetch_that_waits_for_a_later_one(world: &mut World) {
    world.create_running("late").await;
    world.create_running("early").await;
    world.commit(world.turn("late").await.wake_at(world.in_ms(20 * SECOND))).await;
    let backend = world.share();
    let fetching = tokio::spawn(async move { backend.fetch(10).await.unwrap() });
    tokio::task::yield_now().await;
    world.commit(world.turn("early").await.wake_at(world.in_ms(SECOND))).await;
    world.advance_ms(SECOND);
    let items = fetching.await.unwrap();
    assert_eq!((items.len(), &items[0].instance_id), (1, &id("early")));
}

pub async fn many_wake_ups_are_all_handed_out(world: &mut World) {
    let mut expected = BTreeSet::new();
    for number in 0..300_u64 {
        let instance = format!("i{number}");
        world.create_running(&instance).await;
        world.commit(world.turn(&instance).await.wake_at(world.in_ms(HOUR + number / 100))).await;
        expected.insert(id(&instance));
    }
    world.assert_idle().await;
    world.advance_ms(2 * HOUR);
    let mut woken = BTreeSet::new();
    while woken.len() < expected.len() {
        for item in world.backend().fetch(usize::MAX).await.unwrap() {
            assert!(woken.insert(item.instance_id));
        }
    }
    assert_eq!(woken, expected);
    world.assert_idle().await;
}

pub async fn an_ended_instance_is_not_woken_unless_it_asked(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.wake_at(world.in_ms(SECOND))).await;
    world.commit(world.turn("a").await.status(engine::RuntimeStatus::Completed)).await;
    world.backend().purge(&id("a")).await.unwrap();
    world.create("a").await;
    world.ready().await;
    world.advance_ms(2 * SECOND);
    world.assert_idle().await;
}
