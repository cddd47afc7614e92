//! Handing out work and taking it back.

use std::collections::BTreeSet;
use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};

use engine::RuntimeStatus;
use store::{WorkItem, limits};

use crate::world::messages;
use crate::{World, id, raised};

pub async fn a_message_is_handed_out_once(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    assert_eq!(messages(&world.ready().await[&id("a")]), [raised(1)]);
    world.rest();
    world.assert_idle().await;
}

pub async fn newer_messages_go_out_while_older_ones_are_in_hand(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let first = world.fetch_of("a").await;
    world.send("a", raised(2)).await;
    let second = world.fetch_of("a").await;
    assert_eq!((messages(&first.messages), messages(&second.messages)), (vec![raised(1)], vec![raised(2)]));
    let turn = world.turn("a").await.append(4, 4).consume(&first.messages);
    world.commit(turn.consume(&second.messages)).await;
    world.crash().await;
    world.assert_idle().await;
}

pub async fn no_more_work_items_than_asked_for_each_of_another_instance(world: &mut World) {
    for number in 0..5 {
        world.create(&format!("i{number}")).await;
    }
    world.settle().await;
    let mut seen = BTreeSet::new();
    for expected in [2, 2, 1] {
        let items = world.backend().fetch(2).await.unwrap();
        assert_eq!(items.len(), expected);
        for item in items {
            assert_eq!(item.messages.len(), 1);
            assert!(seen.insert(item.instance_id));
        }
    }
    world.create("last").await;
    assert_eq!(world.backend().fetch(0).await.unwrap().len(), 1, "asking for none is asking for one");
}

pub async fn many_messages_of_one_instance_come_in_order_in_several_work_items(world: &mut World) {
    world.create_running("a").await;
    let count = u32::try_from(limits::MESSAGES_PER_WORK_ITEM_MAX).unwrap() + 10;
    let turn = (0..count).fold(world.turn("a").await.append(4, 4), |turn, number| turn.send("a", raised(number)));
    world.commit(turn).await;
    let mut received = Vec::new();
    while received.len() < count as usize {
        let work = world.fetch_of("a").await;
        assert!(work.messages.len() <= limits::MESSAGES_PER_WORK_ITEM_MAX);
        received.extend(messages(&work.messages));
    }
    assert_eq!(received, (0..count).map(raised).collect::<Vec<_>>());
    world.assert_idle().await;
}

pub async fn nobody_waits_forever(world: &mut World) {
    for instance in ["a", "b", "c"] {
        world.create_running(instance).await;
    }
    for instance in ["a", "b", "c"] {
        world.send(instance, raised(0)).await;
    }
    // Whoever has just been served gets a new message at once.
    let mut served = BTreeSet::new();
    for number in 1..=3 {
        let work = world.backend().fetch(1).await.unwrap().remove(0);
        world.send(work.instance_id.as_str(), raised(number)).await;
        served.insert(work.instance_id);
    }
    assert_eq!(served.len(), 3);
}

pub async fn abandoned_messages_come_back_after_a_rest_with_what_came_meanwhile(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    world.send("a", raised(2)).await;
    world.settle().await;
    let work = world.fetch_of("a").await;
    world.backend().abandon(work.clone()).await.unwrap();
    world.send("a", raised(3)).await;
    world.assert_idle().await;
    world.rest();
    let ready = world.ready().await;
    assert_eq!(messages(&ready[&id("a")]), [raised(1), raised(2), raised(3)]);
    assert_eq!(ready[&id("a")][..2], work.messages);
    world.assert_idle().await;
}

pub async fn a_commit_ends_the_rest(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let work = world.fetch_of("a").await;
    world.backend().abandon(work.clone()).await.unwrap();
    world.assert_idle().await;
    world.commit(world.turn("a").await.append(4, 4)).await;
    assert_eq!(world.fetch_of("a").await, work);
    world.backend().abandon(work.clone()).await.unwrap();
    world.commit(world.turn("a").await.append(5, 5).consume(&work.messages).send("a", raised(2))).await;
    assert_eq!(messages(&world.fetch_of("a").await.messages), [raised(2)]);
}

pub async fn an_abandoned_wake_up_comes_back_after_a_rest(world: &mut World) {
    world.create_running("a").await;
    world.commit(world.turn("a").await.append(4, 4).wake_at(world.now())).await;
    let work = world.fetch_of("a").await;
    assert_eq!(work.messages, []);
    world.backend().abandon(work.clone()).await.unwrap();
    world.assert_idle().await;
    world.rest();
    assert_eq!(world.fetch_of("a").await, work);
    world.assert_idle().await;
}

pub async fn what_was_consumed_is_not_taken_back(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let work = world.fetch_of("a").await;
    world.commit(world.turn("a").await.append(4, 4).consume(&work.messages)).await;
    world.backend().abandon(work).await.unwrap();
    world.rest();
    world.assert_idle().await;
}

pub async fn giving_back_twice_hands_out_once(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let work = world.fetch_of("a").await;
    world.backend().abandon(work.clone()).await.unwrap();
    world.backend().abandon(work.clone()).await.unwrap();
    world.rest();
    assert_eq!(world.fetch_of("a").await, work);
    world.rest();
    world.assert_idle().await;
}

pub async fn giving_back_the_work_of_a_purged_instance_does_nothing(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Failed).await;
    world.send("a", engine::Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None }).await;
    let work = world.fetch_of("a").await;
    world.backend().purge(&id("a")).await.unwrap();
    world.backend().abandon(work).await.unwrap();
    world.backend().abandon(WorkItem { instance_id: id("never"), messages: Vec::new() }).await.unwrap();
    world.rest();
    world.assert_idle().await;
}

pub async fn a_waiting_fetch_answers_when_something_is_sent(world: &mut World) {
    world.create_running("a").await;
    let backend = world.share();
    let fetching = tokio::spawn(async move { backend.fetch(10).await.unwrap() });
    tokio::task::yield_now().await;
    world.send("a", raised(1)).await;
    let items = fetching.await.unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(messages(&items[0].messages), [raised(1)]);
}

pub async fn a_waiting_fetch_answers_when_abandoned_work_has_rested(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let work = world.fetch_of("a").await;
    world.backend().abandon(work.clone()).await.unwrap();
    let backend = world.share();
    let fetching = tokio::spawn(async move { backend.fetch(10).await.unwrap() });
    tokio::task::yield_now().await;
    world.rest();
    assert_eq!(fetching.await.unwrap(), [work]);
}

pub async fn dropping_a_waiting_fetch_loses_nothing(world: &mut World) {
    world.create_running("a").await;
    for number in 0..20 {
        let mut context = Context::from_waker(Waker::noop());
        {
            let mut fetch = pin!(world.backend().fetch(1));
            assert!(fetch.as_mut().poll(&mut context).is_pending());
            world.send("a", raised(number)).await;
        }
        assert_eq!(messages(&world.fetch_of("a").await.messages), [raised(number)]);
    }
}

pub async fn two_fetches_never_get_the_same_message(world: &mut World) {
    for number in 0..100 {
        world.create(&format!("i{number}")).await;
    }
    let fetches = (0..100).map(|_| {
        let backend = world.share();
        tokio::spawn(async move { backend.fetch(1).await.unwrap().remove(0).instance_id })
    });
    let mut seen = BTreeSet::new();
    for fetch in fetches.collect::<Vec<_>>() {
        assert!(seen.insert(fetch.await.unwrap()));
    }
    world.assert_idle().await;
}
