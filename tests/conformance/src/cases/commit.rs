//! Committing turns.

use engine::{HistoryChange, Payload, RuntimeStatus, TaskId};
use store::{CommitError, Token};

use crate::world::{messages, permanent, stale};
use crate::{Turn, World, event, execution, id, raised};

pub async fn a_committed_turn_is_seen_whole(world: &mut World) {
    world.create("a").await;
    let work = world.fetch_of("a").await;
    world.advance_ms(10);
    let wake_at = world.in_ms(500);
    let turn = world.turn("a").await.append(1, 3).wake_at(wake_at).consume(&work.messages).state(|state| {
        state.status = RuntimeStatus::Running;
        state.custom_status = Some(Payload::from("\"half\""));
        state.component = Some(engine::Digest::of(b"code"));
        state.tags.clear();
        state.generation = 7;
    });
    let before = world.row("a").await;
    let token = world.commit(turn.clone()).await;

    let snapshot = world.load("a").await;
    assert_eq!(snapshot.token, token);
    assert_eq!(snapshot.row.state, turn.0.state);
    assert_eq!(snapshot.row.wake_at, Some(wake_at));
    assert_eq!(snapshot.row.last_event, Some(engine::EventId(3)));
    assert_eq!(snapshot.history, turn.0.history.events());
    assert!(snapshot.row.revision > before.revision);
    assert_eq!(world.row("a").await, snapshot.row);
    world.assert_idle().await;
}

pub async fn every_field_of_the_row_is_kept(world: &mut World) {
    world.create_running("a").await;
    let parent = engine::Parent {
        instance_id: id("p"),
        execution_id: execution(9),
        name: "Main".to_owned(),
        task: TaskId(4),
        attempt: 2,
    };
    let failure = engine::Failure {
        details: Some(Payload::from("{}")),
        ..engine::Failure::new("boom", "it broke").non_retriable()
    };
    let now = world.now();
    let turn = world.turn("a").await.state(|state| {
        *state = engine::InstanceState {
            instance_id: id("a"),
            execution_id: execution(3),
            name: "Other".to_owned(),
            version: None,
            status: RuntimeStatus::Failed,
            input: None,
            output: Some(Payload::from("o")),
            failure: Some(failure),
            custom_status: Some(Payload::from("")),
            tags: std::iter::once(("k".to_owned(), "v".to_owned())).collect(),
            parent: Some(parent),
            created_at: now.saturating_add(std::time::Duration::from_millis(1)),
            updated_at: now.saturating_add(std::time::Duration::from_millis(2)),
            completed_at: Some(now.saturating_add(std::time::Duration::from_millis(3))),
            scheduled_start: Some(now.saturating_add(std::time::Duration::from_millis(4))),
            component: Some(engine::Digest::of(b"c")),
            generation: 11,
            first_execution: Some(crate::execution(9)),
        }
    });
    world.commit(turn.clone()).await;
    assert_eq!(world.row("a").await.state, turn.0.state);
    world.crash().await;
    assert_eq!(world.row("a").await.state, turn.0.state);
}

pub async fn the_answered_token_carries_the_next_turn(world: &mut World) {
    let mut token = world.create_running("a").await;
    let turn = world.turn("a").await;
    for position in 4..20 {
        let next = world.commit(turn.clone().append(position, position).under(&token)).await;
        assert_ne!(next, token);
        token = next;
    }
    assert_eq!(world.load("a").await.history.len(), 19);
}

pub async fn without_a_change_of_the_row_only_its_time_moves(world: &mut World) {
    world.create_running("a").await;
    let before = world.row("a").await;
    world.advance_ms(1_000);
    world.commit(world.turn("a").await.append(4, 5)).await;
    let mut after = world.row("a").await;
    assert_eq!(after.state.updated_at, world.now());
    assert!(after.revision > before.revision);
    after.state.updated_at = before.state.updated_at;
    assert_eq!(after.state, before.state);
}

pub async fn of_two_hosts_with_the_same_token_only_one_commits(world: &mut World) {
    world.create_running("a").await;
    let (host_a, host_b) = (world.turn("a").await.append(4, 4), world.turn("a").await.append(4, 6));
    let (a, b) = tokio::join!(world.backend().commit(host_a.0), world.backend().commit(host_b.0));
    let (winner, loser) = if a.is_ok() { (a, b) } else { (b, a) };
    let token = winner.unwrap();
    assert_eq!(stale(loser), Some(token.clone()));
    assert_eq!(world.load("a").await.token, token);
}

pub async fn a_stale_commit_changes_nothing(world: &mut World) {
    world.create_running("a").await;
    world.create_running("b").await;
    world.send("a", raised(1)).await;
    let work = world.fetch_of("a").await;
    let old = world.turn("a").await;
    world.commit(world.turn("a").await.append(4, 4)).await;
    let before = (world.load("a").await, world.load("b").await);

    let stalled = old.append(4, 9).status(RuntimeStatus::Completed).wake_at(world.in_ms(1)).consume(&work.messages);
    let stored = stale(world.backend().commit(stalled.send("b", raised(2)).send("new", raised(3)).0).await);
    assert_eq!(stored, Some(before.0.token.clone()));
    assert_eq!((world.load("a").await, world.load("b").await), before);
    assert_eq!(world.backend().get(&id("new")).await.unwrap(), None);
    world.advance_ms(10);
    world.assert_idle().await;
}

pub async fn the_messages_of_a_stale_commit_are_handed_out_again(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    world.send("a", raised(2)).await;
    world.settle().await;
    let work = world.fetch_of("a").await;
    let old = world.turn("a").await;
    // The other host, who moved on, has consumed one of them.
    world.commit(world.turn("a").await.append(4, 4).consume(&work.messages[..1])).await;
    stale(world.backend().commit(old.append(4, 4).consume(&work.messages).0).await);
    world.assert_idle().await;
    world.rest();
    assert_eq!(world.ready().await[&id("a")], work.messages[1..]);
    world.assert_idle().await;
}

pub async fn a_stale_commit_without_events_consumes_nothing(world: &mut World) {
    world.create_running("a").await;
    world.send("a", raised(1)).await;
    let work = world.fetch_of("a").await;
    let old = world.turn("a").await;
    world.commit(world.turn("a").await.append(4, 4)).await;
    let before = world.load("a").await;
    // A turn that a repeated message led to: nothing to record, and a message to consume.
    stale(world.backend().commit(old.consume(&work.messages).0).await);
    assert_eq!(world.load("a").await, before);
    world.rest();
    assert_eq!(world.ready().await[&id("a")], work.messages);
    world.crash().await;
    assert_eq!(messages(&world.ready().await[&id("a")]), [raised(1)]);
}

pub async fn a_commit_of_an_instance_that_never_was_is_stale(world: &mut World) {
    world.create_running("a").await;
    let mut turn = world.turn("a").await;
    turn.0.instance_id = id("never");
    assert_eq!(stale(world.backend().commit(turn.append(4, 4).0).await), None);
}

pub async fn a_commit_of_a_purged_instance_is_stale(world: &mut World) {
    world.create_ended("a", RuntimeStatus::Completed).await;
    let turn = world.turn("a").await.append(5, 5).send("b", raised(1));
    world.backend().purge(&id("a")).await.unwrap();
    assert_eq!(stale(world.backend().commit(turn.0).await), None);
    assert_eq!(world.backend().get(&id("a")).await.unwrap(), None);
}

pub async fn no_token_of_a_purged_instance_fits_its_successor(world: &mut World) {
    // However many turns either has had.
    for turns in 1..5 {
        let mut old = Vec::new();
        world.create_running("a").await;
        for position in 4..4 + turns {
            old.push(world.turn("a").await.append(position, position));
            world.commit(world.turn("a").await.append(position, position)).await;
        }
        old.push(world.turn("a").await);
        world.commit(world.turn("a").await.status(RuntimeStatus::Completed)).await;
        old.push(world.turn("a").await);
        world.backend().purge(&id("a")).await.unwrap();

        world.create_running("a").await;
        for _ in 0..10 {
            for turn in &old {
                stale(world.backend().commit(turn.0.clone()).await);
            }
            world.commit(world.turn("a").await).await;
        }
        world.commit(world.turn("a").await.status(RuntimeStatus::Completed)).await;
        world.backend().purge(&id("a")).await.unwrap();
    }
}

pub async fn a_token_of_nobodys_making_is_stale(world: &mut World) {
    let token = world.create_running("a").await;
    let like_it = ["0", "+", " ", "\""].map(|before| format!("{before}{}", token.0));
    let unlike_it = ["", "x", "-1", " ", "18446744073709551616", "99999"].map(str::to_owned);
    for text in like_it.into_iter().chain(unlike_it) {
        let turn = world.turn("a").await.append(4, 4).under(&Token(text.as_str().into()));
        assert_eq!(stale(world.backend().commit(turn.0).await), Some(token.clone()), "{text:?}");
    }
}

pub async fn events_that_do_not_continue_the_history_are_refused_for_good(world: &mut World) {
    world.create_running("a").await;
    let before = world.load("a").await;
    let now = world.now();
    let turn = Turn::on(&before, now);
    let with = |events: &[u64], replace: bool| {
        let events = events.iter().map(|position| event(*position, now)).collect();
        let mut commit = turn.0.clone();
        commit.history = if replace { HistoryChange::Replace { events } } else { HistoryChange::Append { events } };
        commit
    };
    for commit in [
        with(&[3], false),
        with(&[5], false),
        with(&[1], false),
        with(&[4, 6], false),
        with(&[4, 4], false),
        with(&[4], true),
        with(&[1, 3], true),
        with(&[0], true),
    ] {
        let described = format!("{:?}", commit.history);
        match world.backend().commit(commit).await {
            Err(CommitError::Storage(error)) => permanent(&error),
            other => panic!("{described}: {other:?}"),
        }
    }
    assert_eq!(world.load("a").await, before);
    world.commit(turn.append(4, 4)).await;
}

pub async fn a_turn_may_leave_the_history_alone(world: &mut World) {
    world.create_running("a").await;
    let before = world.load("a").await;
    world.commit(world.turn("a").await).await;
    let after = world.load("a").await;
    assert_eq!(after.history, before.history);
    assert_eq!(after.row.last_event, before.row.last_event);
}

pub async fn continuing_as_new_replaces_the_history(world: &mut World) {
    world.create_running("a").await;
    for (generation, events) in [(1, 5), (2, 1), (3, 9)] {
        let number = u8::try_from(generation).unwrap();
        let turn = world.turn("a").await.replace(events).state(|state| {
            state.execution_id = execution(100 + number);
            state.generation = generation;
            state.input = Some(Payload::from(generation.to_string()));
        });
        world.commit(turn.clone()).await;
        let snapshot = world.load("a").await;
        assert_eq!(snapshot.history, turn.0.history.events());
        assert_eq!(snapshot.row.state, turn.0.state);
        world.commit(world.turn("a").await.append(events + 1, events + 2)).await;
        assert_eq!(world.load("a").await.history.len() as u64, events + 2);
    }
}

pub async fn only_messages_of_the_instance_itself_are_consumed(world: &mut World) {
    world.create_running("a").await;
    world.create_running("b").await;
    world.send("b", raised(1)).await;
    let work = world.fetch_of("b").await;
    world.commit(world.turn("a").await.append(4, 4).consume(&work.messages)).await;
    world.crash().await;
    assert_eq!(messages(&world.ready().await[&id("b")]), [raised(1)]);
}

pub async fn many_commits_at_once_all_succeed(world: &mut World) {
    let mut turns = Vec::new();
    for number in 0..50 {
        let instance = format!("i{number}");
        world.create_running(&instance).await;
        turns.push((instance.clone(), world.turn(&instance).await.append(4, 4)));
    }
    let commits = turns.into_iter().map(|(instance, turn)| {
        let backend = world.share();
        tokio::spawn(async move { (instance, backend.commit(turn.0).await.unwrap()) })
    });
    for commit in commits.collect::<Vec<_>>() {
        let (instance, token) = commit.await.unwrap();
        assert_eq!(world.load(&instance).await.token, token);
    }
}
