//! Large and unusual content.

use engine::{EventId, EventKind, HistoryChange, HistoryEvent, Message, Payload, RuntimeStatus, TaskId};
use store::{CreateInstance, ExistingInstance, limits};

use crate::{World, execution, id, raised, start};

const LARGE: usize = 5 * 1024 * 1024;

pub async fn payloads_of_megabytes_are_kept_everywhere(world: &mut World) {
    let large = |letter: &str| Some(Payload::from(letter.repeat(LARGE)));
    let mut begin = start(execution(1), world.now());
    begin.input = large("i");
    let existing = ExistingInstance::Refuse;
    world.backend().create(CreateInstance { instance_id: id("a"), start: begin.clone(), existing }).await.unwrap();
    let Message::RaiseEvent { name, key, execution_id, .. } = raised(1) else { unreachable!() };
    let event = Message::RaiseEvent { name, key, execution_id, data: large("e") };
    world.send("a", event.clone()).await;

    let work = world.ready().await.remove(&id("a")).unwrap();
    assert!(work[0].message == Message::Start(Box::new(begin.clone())));
    assert!(work[1].message == event);

    let mut turn = world.turn("a").await.consume(&work).status(RuntimeStatus::Completed).state(|state| {
        state.output = large("o");
        state.custom_status = large("c");
    });
    let kind = EventKind::TaskCompleted { task: TaskId(0), output: large("h") };
    let recorded = HistoryEvent { id: engine::EventId::FIRST, at: world.now(), kind };
    turn.0.history = HistoryChange::Append { events: vec![recorded.clone()] };
    world.commit(turn.clone()).await;
    for _ in 0..2 {
        let snapshot = world.load("a").await;
        assert!(snapshot.row.state == turn.0.state);
        assert!(snapshot.history == [recorded.clone()]);
        world.crash().await;
    }
    world.assert_idle().await;
}

pub async fn instances_with_large_payloads_are_all_listed(world: &mut World) {
    let names: Vec<_> = (0..9).map(|number| format!("i{number}")).collect();
    for name in &names {
        let mut begin = start(execution(1), world.now());
        begin.input = Some(Payload::from("x".repeat(LARGE)));
        let existing = ExistingInstance::Refuse;
        world.backend().create(CreateInstance { instance_id: id(name), start: begin, existing }).await.unwrap();
    }
    let mut found = Vec::new();
    let mut filter = store::InstanceFilter::default();
    loop {
        let page = world.backend().list(&filter).await.unwrap();
        assert!(!page.rows.is_empty() || !world.lists_newest_first());
        let fits: usize = page.rows.iter().rev().skip(1).map(store::InstanceRow::payload_bytes).sum();
        assert!(fits < limits::PAGE_BYTES_MAX, "the last row alone may go beyond what a page holds");
        assert!(
            page.rows.iter().all(|row| row.state.input.as_ref().is_some_and(|input| input.as_str().len() == LARGE))
        );
        found.extend(page.rows.into_iter().map(|row| row.state.instance_id.to_string()));
        filter.continuation = page.continuation;
        if filter.continuation.is_none() {
            break;
        }
    }
    assert_eq!(world.listed(found), world.listed(names.into_iter().rev().collect()));
}

pub async fn a_page_of_a_history_is_bounded_in_bytes(world: &mut World) {
    world.create_running("a").await;
    // Several pages in one commit, several commits in one page, and an event that is a page.
    let megabyte = 1024 * 1024;
    let commits = [vec![megabyte, 0, megabyte, 2 * megabyte, 1, megabyte], vec![1], vec![LARGE], vec![0, megabyte]];
    let mut expected = world.load("a").await.history;
    for sizes in commits {
        let events: Vec<_> = sizes
            .into_iter()
            .zip(expected.len() as u64 + 1..)
            .map(|(bytes, id)| {
                let output = Some(Payload::from("x".repeat(bytes)));
                let kind = EventKind::TaskCompleted { task: TaskId(0), output };
                HistoryEvent { id: EventId(id), at: world.now(), kind }
            })
            .collect();
        expected.extend(events.iter().cloned());
        let mut turn = world.turn("a").await;
        turn.0.history = HistoryChange::Append { events };
        world.commit(turn).await;
    }
    for from in 1..=expected.len() {
        let mut found = Vec::new();
        let mut next = Some(EventId(from as u64));
        while let Some(from) = next {
            let page = world.backend().history(&id("a"), from, usize::MAX).await.unwrap();
            let (last, others) = page.events.split_last().unwrap();
            let fits: usize = others.iter().map(|event| event.kind.payload_bytes()).sum();
            assert!(fits < limits::PAGE_BYTES_MAX, "the last event alone may go beyond what a page holds");
            assert_eq!(page.next, Some(last.id.next()).filter(|next| next.0 <= expected.len() as u64));
            found.extend(page.events);
            next = page.next;
        }
        assert!(found == expected[from - 1..], "from {from}");
    }
    assert!(store::whole_history(world.backend(), &id("a")).await.unwrap() == expected);
}

pub async fn a_payload_may_be_any_text(world: &mut World) {
    world.create_running("a").await;
    for text in ["", "\0", "'; DROP TABLE instances; --", "\u{10ffff}🦀\u{0}e\u{301}", "null"] {
        let turn = world.turn("a").await.state(|state| {
            state.custom_status = Some(Payload::from(text));
            state.output = Some(Payload::from(text));
            state.input = Some(Payload::from(text));
        });
        world.commit(turn.clone()).await;
        world.crash().await;
        assert_eq!(world.row("a").await.state, turn.0.state);
    }
}

pub async fn no_payload_is_not_an_empty_payload(world: &mut World) {
    world.create_running("a").await;
    for payload in [Some(Payload::from("")), None, Some(Payload::from("x")), None] {
        let turn = world.turn("a").await.state(|state| {
            state.custom_status.clone_from(&payload);
            state.output.clone_from(&payload);
            state.input.clone_from(&payload);
        });
        world.commit(turn.clone()).await;
        assert_eq!(world.row("a").await.state, turn.0.state);
    }
}

pub async fn an_instance_id_may_be_any_text_that_is_one(world: &mut World) {
    let long = "x".repeat(256);
    let ids = ["Größe/1?#", "a'b\"c", "%_*", "订单-1", "🦀", "a", "A", "e\u{301}", "\u{e9}", " ", "a ", long.as_str()];
    for instance in ids {
        world.create_running(instance).await;
    }
    world.crash().await;
    for instance in ids {
        assert_eq!(world.row(instance).await.state.instance_id, id(instance));
        world.send(instance, raised(1)).await;
        assert_eq!(world.woken().await, [id(instance)]);
    }
}
