//! Activities that hosts leave for each other. A backend without such a queue has nothing to show here.

use std::collections::BTreeSet;
use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use engine::{ActivityTask, Digest, Message, Payload, TaskId, TraceContext};
use store::{ActivityQueue, OfferedActivity, TakenActivity};

use crate::world::messages;
use crate::{World, execution, id};

/// An activity of an instance; `number` tells it from others.
fn activity(instance: &str, number: u32) -> OfferedActivity {
    let task = ActivityTask {
        instance_id: id(instance),
        execution_id: execution(1),
        task: TaskId(number),
        attempt: 2,
        name: "Größe".to_owned(),
        input: number.is_multiple_of(2).then(|| Payload::from("\"x\"")),
        trace_context: TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1"),
    };
    OfferedActivity { task, component: number.is_multiple_of(3).then(|| Digest::of(b"code")) }
}

/// How it ended.
fn result(activity: &OfferedActivity) -> Message {
    let ActivityTask { execution_id, task, attempt, .. } = activity.task;
    Message::TaskCompleted { execution_id, task, attempt, output: Some(Payload::from("8")) }
}

/// Everything that can be taken, in any order.
async fn take_all(queue: &dyn ActivityQueue, count: usize) -> Vec<TakenActivity> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let more = queue.take(count).await.unwrap();
        assert!(more.len() <= count);
        taken.extend(more);
    }
    taken.sort_by_key(|taken| taken.activity.task.task);
    taken
}

/// Asserts that nothing can be taken, by offering something that is taken alone.
async fn assert_empty(queue: &dyn ActivityQueue) {
    let marker = activity("marker", 99);
    queue.offer(marker.clone()).await.unwrap();
    let taken = queue.take(100).await.unwrap();
    assert_eq!(taken.iter().map(|taken| &taken.activity).collect::<Vec<_>>(), [&marker]);
    queue.finish(taken[0].id, result(&marker)).await.unwrap();
}

pub async fn what_was_offered_is_taken_once_and_as_it_was(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    let offered: Vec<_> = (0..5).map(|number| activity("a", number)).collect();
    for activity in &offered {
        queue.offer(activity.clone()).await.unwrap();
    }
    let taken = take_all(&*queue, 5).await;
    assert_eq!(taken.iter().map(|taken| &taken.activity).collect::<Vec<_>>(), offered.iter().collect::<Vec<_>>());
    assert_eq!(taken.iter().map(|taken| taken.id).collect::<BTreeSet<_>>().len(), 5);
    assert_empty(&*queue).await;
}

pub async fn no_more_are_taken_than_asked_for(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    for number in 0..3 {
        queue.offer(activity("a", number)).await.unwrap();
    }
    assert_eq!(queue.take(2).await.unwrap().len().max(2), 2);
    assert_eq!(queue.take(0).await.unwrap().len(), 1, "asking for none is asking for one");
}

pub async fn a_finished_activity_is_gone_and_its_instance_has_the_result(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    world.create_running("a").await;
    queue.offer(activity("a", 1)).await.unwrap();
    let taken = take_all(&*queue, 1).await.remove(0);
    world.assert_idle().await;
    let result = result(&taken.activity);
    queue.finish(taken.id, result.clone()).await.unwrap();
    assert_eq!(messages(&world.ready().await[&id("a")]), [result]);
    assert_empty(&*queue).await;
    drop(queue);
    world.crash().await;
    let Some(queue) = world.activity_queue() else { return };
    assert_empty(&*queue).await;
}

pub async fn finishing_or_giving_back_what_is_not_in_hand_does_nothing(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    world.create_running("a").await;
    queue.offer(activity("a", 1)).await.unwrap();
    let taken = take_all(&*queue, 1).await.remove(0);
    let result = result(&taken.activity);
    queue.finish(taken.id, result.clone()).await.unwrap();
    queue.finish(taken.id, result.clone()).await.unwrap();
    queue.give_back(taken.id).await.unwrap();
    assert_eq!(messages(&world.ready().await[&id("a")]), [result]);
    assert_empty(&*queue).await;
}

pub async fn a_result_for_nobody_is_dropped(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    queue.offer(activity("nobody", 1)).await.unwrap();
    let taken = take_all(&*queue, 1).await.remove(0);
    queue.finish(taken.id, result(&taken.activity)).await.unwrap();
    assert_empty(&*queue).await;
    // Whoever assumes a crash must hold the last handle.
    drop(queue);
    world.assert_nobody("nobody").await;
}

pub async fn what_was_given_back_is_taken_again(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    world.create_running("a").await;
    queue.offer(activity("a", 1)).await.unwrap();
    for _ in 0..3 {
        let taken = take_all(&*queue, 1).await.remove(0);
        assert_eq!(taken.activity, activity("a", 1));
        queue.give_back(taken.id).await.unwrap();
    }
    world.assert_idle().await;
}

pub async fn what_a_dead_host_had_taken_or_left_is_taken_by_another(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    queue.offer(activity("a", 1)).await.unwrap();
    take_all(&*queue, 1).await;
    queue.offer(activity("a", 2)).await.unwrap();
    drop(queue);
    world.crash().await;
    let Some(queue) = world.activity_queue() else { return };
    let taken = take_all(&*queue, 2).await;
    let activities: Vec<_> = taken.into_iter().map(|taken| taken.activity).collect();
    assert_eq!(activities, [activity("a", 1), activity("a", 2)]);
    assert_empty(&*queue).await;
}

pub async fn a_waiting_take_answers_when_something_is_offered(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    let taking = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.take(10).await.unwrap() }
    });
    tokio::task::yield_now().await;
    queue.offer(activity("a", 1)).await.unwrap();
    assert_eq!(taking.await.unwrap().len(), 1);
}

pub async fn dropping_a_waiting_take_loses_nothing(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    for number in 0..10 {
        {
            let mut take = pin!(queue.take(1));
            assert!(take.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            queue.offer(activity("a", number)).await.unwrap();
        }
        assert_eq!(take_all(&*queue, 1).await[0].activity, activity("a", number));
    }
}

pub async fn two_takes_never_get_the_same_activity(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    for number in 0..20 {
        queue.offer(activity("a", number)).await.unwrap();
    }
    let takes: Vec<_> = (0..20)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.take(1).await.unwrap().remove(0).activity.task.task })
        })
        .collect();
    let mut seen = BTreeSet::new();
    for take in takes {
        assert!(seen.insert(take.await.unwrap()));
    }
}

pub async fn a_shutdown_ends_taking_and_keeps_what_was_left(world: &mut World) {
    let Some(queue) = world.activity_queue() else { return };
    let taking = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.take(10).await.unwrap() }
    });
    tokio::task::yield_now().await;
    world.backend().shutdown().await.unwrap();
    assert_eq!(taking.await.unwrap(), []);
    assert_eq!(queue.take(10).await.unwrap(), []);
    let error = queue.offer(activity("a", 1)).await.unwrap_err();
    assert_eq!(error.outcome, store::Outcome::NotDone);
    drop(queue);
    world.crash().await;
    let Some(queue) = world.activity_queue() else { return };
    assert_empty(&*queue).await;
}
