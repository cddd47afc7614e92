//! Waiting for a row to change.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};

use engine::{Digest, RuntimeStatus};

use crate::{World, id, raised};

pub async fn what_has_changed_already_is_answered_at_once(world: &mut World) {
    world.create_running("a").await;
    let row = world.row("a").await;
    for seen in [0, row.revision / 2, row.revision - 1] {
        let changed = world.backend().changed(&id("a"), seen).await.unwrap().unwrap();
        world.assert_same_row(&changed, &row);
    }
    assert_eq!(world.backend().changed(&id("never"), 5).await.unwrap(), None);
}

pub async fn what_changes_is_answered_then(world: &mut World) {
    world.create_running("a").await;
    for step in 0..5 {
        let seen = world.row("a").await.revision;
        let backend = world.share();
        let waiting = tokio::spawn(async move { backend.changed(&id("a"), seen).await.unwrap() });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        match step {
            0 => drop(world.commit(world.noticed(world.turn("a").await.append(4, 4))).await),
            1 => drop(world.hold("a").await),
            2 => world.backend().release(&id("a"), Some(Digest::of(b"c"))).await.unwrap(),
            3 => drop(world.commit(world.turn("a").await.append(5, 5).status(RuntimeStatus::Completed)).await),
            _ => world.create_as("a", 2).await,
        }
        let row = waiting.await.unwrap().unwrap();
        assert!(row.revision > seen);
        world.assert_same_row(&row, &world.row("a").await);
    }
}

pub async fn the_end_of_an_instance_is_answered(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Completed).await;
    let seen = world.row("a").await.revision;
    let backend = world.share();
    let waiting = tokio::spawn(async move { backend.changed(&id("a"), seen).await.unwrap() });
    tokio::task::yield_now().await;
    world.backend().purge(&id("a")).await.unwrap();
    assert_eq!(waiting.await.unwrap(), None);
}

pub async fn the_start_of_a_successor_is_a_change(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Completed).await;
    let seen = world.row("a").await.revision;
    world.backend().purge(&id("a")).await.unwrap();
    world.create("a").await;
    let row = world.backend().changed(&id("a"), seen).await.unwrap().unwrap();
    assert_eq!(row.state.status, RuntimeStatus::Pending);
}

pub async fn a_message_alone_or_another_instance_is_no_change(world: &mut World) {
    world.create_running("a").await;
    world.create_running("b").await;
    let seen = world.row("a").await.revision;
    let backend = world.share();
    let waiting = tokio::spawn(async move { backend.changed(&id("a"), seen).await.unwrap() });
    tokio::task::yield_now().await;
    world.send("a", raised(1)).await;
    world.commit(world.turn("b").await.append(4, 4)).await;
    world.ready().await;
    assert!(!waiting.is_finished());
    waiting.abort();
}

pub async fn no_change_is_missed_by_many_who_wait(world: &mut World) {
    world.create_running("a").await;
    let begin = world.row("a").await.revision;
    let watchers: Vec<_> = (0..8)
        .map(|_| {
            let backend = world.share();
            tokio::spawn(async move {
                let mut seen = begin;
                while seen < begin + 30 {
                    seen = backend.changed(&id("a"), seen).await.unwrap().unwrap().revision;
                }
            })
        })
        .collect();
    for _ in 0..30 {
        world.commit(world.noticed(world.turn("a").await)).await;
        tokio::task::yield_now().await;
    }
    for watcher in watchers {
        watcher.await.unwrap();
    }
}

pub async fn one_who_no_longer_waits_harms_nobody(world: &mut World) {
    world.create_running("a").await;
    let seen = world.row("a").await.revision;
    let instance = id("a");
    for _ in 0..10 {
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting = pin!(world.backend().changed(&instance, seen));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
    }
    world.commit(world.noticed(world.turn("a").await)).await;
    assert!(world.backend().changed(&id("a"), seen).await.unwrap().unwrap().revision > seen);
}
