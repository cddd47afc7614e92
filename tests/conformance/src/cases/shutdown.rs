//! Shutting down.

use store::{CreateError, CreateInstance, ExistingInstance, Outcome, StorageError};

use crate::{World, execution, id, raised, start};

pub async fn a_waiting_fetch_and_later_ones_answer_with_nothing(world: &mut World) {
    world.create_running("a").await;
    let backend = world.share();
    let fetching = tokio::spawn(async move { backend.fetch(10).await.unwrap() });
    tokio::task::yield_now().await;
    world.backend().shutdown().await.unwrap();
    assert_eq!(fetching.await.unwrap(), []);
    assert_eq!(world.backend().fetch(10).await.unwrap(), []);
}

pub async fn what_is_ready_stays_for_the_next_process(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    world.backend().shutdown().await.unwrap();
    assert_eq!(world.backend().fetch(10).await.unwrap(), []);
    world.crash().await;
    assert_eq!(world.ready().await[&id("a")].len(), 1);
}

pub async fn other_calls_are_not_done_any_more(world: &mut World) {
    fn not_done<T>(result: Result<T, StorageError>) {
        assert_eq!(result.err().map(|error| error.outcome), Some(Outcome::NotDone));
    }
    world.create_running("a").await;
    let before = world.load("a").await;
    let turn = world.turn("a").await.append(4, 4);
    world.backend().shutdown().await.unwrap();
    world.backend().shutdown().await.unwrap();
    not_done(world.backend().load(&id("a")).await);
    not_done(world.backend().get(&id("a")).await);
    not_done(world.backend().list(&store::InstanceFilter::default()).await);
    not_done(world.backend().components().await);
    match world.backend().commit(turn.0).await {
        Err(store::CommitError::Storage(error)) => not_done::<()>(Err(error)),
        other => panic!("{other:?}"),
    }
    let start = start(execution(2), world.now());
    let new = CreateInstance { instance_id: id("b"), start, existing: ExistingInstance::Refuse };
    match world.backend().create(new).await {
        Err(CreateError::Storage(error)) => not_done::<()>(Err(error)),
        other => panic!("{other:?}"),
    }
    world.crash().await;
    assert_eq!(world.load("a").await, before);
    assert_eq!(world.backend().get(&id("b")).await.unwrap(), None);
}

pub async fn what_was_begun_before_is_finished(world: &mut World) {
    let mut creations = Vec::new();
    for number in 0..20 {
        let start = start(execution(1), world.now());
        let new = CreateInstance { instance_id: id(&format!("i{number}")), start, existing: ExistingInstance::Refuse };
        let backend = world.share();
        creations.push(tokio::spawn(async move { backend.create(new).await.is_ok() }));
    }
    tokio::task::yield_now().await;
    world.backend().shutdown().await.unwrap();
    let mut created = Vec::new();
    for creation in creations {
        created.push(creation.await.unwrap());
    }
    world.crash().await;
    for (number, created) in created.into_iter().enumerate() {
        let stored = world.backend().get(&id(&format!("i{number}"))).await.unwrap();
        assert_eq!(stored.is_some(), created, "i{number}: done if and only if it was answered so");
    }
}
