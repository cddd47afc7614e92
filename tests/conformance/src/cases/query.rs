//! Finding instances and reading histories.

use engine::{EventId, RuntimeStatus};
use store::{CreateInstance, ExistingInstance, HistoryPage, InstanceFilter, limits};

use crate::world::permanent;
use crate::{World, event, execution, id, start};

async fn create_named(world: &World, instance: &str, name: &str) {
    let mut start = start(execution(1), world.now());
    name.clone_into(&mut start.name);
    let existing = ExistingInstance::Refuse;
    world.backend().create(CreateInstance { instance_id: id(instance), start, existing }).await.unwrap();
}

/// All pages, each of at most `top`; see [`World::listed`].
async fn list(world: &World, mut filter: InstanceFilter) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let page = world.backend().list(&filter).await.unwrap();
        assert!(filter.top == 0 || page.rows.len() <= filter.top);
        found.extend(page.rows.iter().map(|row| row.state.instance_id.to_string()));
        filter.continuation = page.continuation;
        if filter.continuation.is_none() {
            return world.listed(found);
        }
    }
}

fn listed(world: &World, newest_first: &[&str]) -> Vec<String> {
    world.listed(newest_first.iter().map(|id| (*id).to_owned()).collect())
}

pub async fn what_does_not_exist_is_not_found(world: &mut World) {
    assert_eq!(world.backend().get(&id("a")).await.unwrap(), None);
    assert_eq!(world.backend().load(&id("a")).await.unwrap(), None);
    assert_eq!(world.backend().history(&id("a"), EventId::FIRST, 9).await.unwrap(), HistoryPage::default());
    assert_eq!(world.backend().list(&InstanceFilter::default()).await.unwrap(), store::InstancePage::default());
}

pub async fn the_newest_comes_first(world: &mut World) {
    for instance in ["b", "c", "a"] {
        world.create(instance).await;
        world.advance_ms(1);
    }
    assert_eq!(list(world, InstanceFilter::default()).await, listed(world, &["a", "c", "b"]));
    let page = world.backend().list(&InstanceFilter::default()).await.unwrap();
    for row in page.rows {
        assert_eq!(Some(&row), world.backend().get(&row.state.instance_id).await.unwrap().as_ref());
    }
}

pub async fn pages_of_any_size_show_everything_once(world: &mut World) {
    // Some were created in the same millisecond.
    for number in 0..10 {
        world.create(&format!("i{number}")).await;
        world.advance_ms(number % 2);
    }
    let all = list(world, InstanceFilter::default()).await;
    assert_eq!(all, world.listed((0..10).rev().map(|number| format!("i{number}")).collect()));
    for top in 1..12 {
        assert_eq!(list(world, InstanceFilter { top, ..InstanceFilter::default() }).await, all, "pages of {top}");
    }
}

pub async fn the_last_page_says_so(world: &mut World) {
    for number in 0..4 {
        world.create(&format!("i{number}")).await;
    }
    let mut filter = InstanceFilter { top: 2, ..InstanceFilter::default() };
    filter.continuation = world.backend().list(&filter).await.unwrap().continuation;
    assert!(filter.continuation.is_some());
    if world.lists_newest_first() {
        assert_eq!(world.backend().list(&filter).await.unwrap().continuation, None);
    } else {
        // It may have to look once more to know that there is nothing.
        list(world, filter).await;
    }
}

pub async fn what_comes_and_goes_between_pages_disturbs_nobody_else(world: &mut World) {
    for number in 0..6 {
        world.create_ended(&format!("i{number}"), RuntimeStatus::Completed).await;
        world.advance_ms(1);
    }
    let mut filter = InstanceFilter { top: 2, ..InstanceFilter::default() };
    let first = world.backend().list(&filter).await.unwrap();
    filter.continuation.clone_from(&first.continuation);
    world.create("new").await;
    world.backend().purge(&id("i4")).await.unwrap();
    world.backend().purge(&id("i2")).await.unwrap();
    let rest = list(world, filter).await;
    if world.lists_newest_first() {
        assert_eq!(rest, ["i3", "i1", "i0"]);
        return;
    }
    let first = first.rows.into_iter().map(|row| row.state.instance_id.to_string());
    let mut seen: Vec<_> = first.chain(rest).collect();
    seen.sort();
    let all = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), all, "an instance was listed twice");
    for stays in ["i0", "i1", "i3", "i5"] {
        assert!(seen.iter().any(|id| id == stays), "{stays} is missing in {seen:?}");
    }
}

pub async fn filters_choose(world: &mut World) {
    let begin = world.now();
    create_named(world, "order-1", "Order").await;
    world.advance_ms(10);
    create_named(world, "order-2", "Order").await;
    world.advance_ms(10);
    create_named(world, "Order-3", "Refund").await;
    world.advance_ms(10);
    create_named(world, "o%der-4", "order").await;
    world.commit(world.turn("order-2").await.append(1, 1).status(RuntimeStatus::Running)).await;
    world.commit(world.turn("Order-3").await.append(1, 1).status(RuntimeStatus::Failed)).await;
    world.hold("order-1").await;
    let at = |ms: u64| Some(begin.saturating_add(std::time::Duration::from_millis(ms)));
    let any = InstanceFilter::default;
    for (filter, expected) in [
        (any(), vec!["o%der-4", "Order-3", "order-2", "order-1"]),
        (InstanceFilter { statuses: vec![RuntimeStatus::Running], ..any() }, vec!["order-2"]),
        (
            InstanceFilter { statuses: vec![RuntimeStatus::Failed, RuntimeStatus::Running], ..any() },
            vec!["Order-3", "order-2"],
        ),
        (InstanceFilter { statuses: vec![RuntimeStatus::Terminated], ..any() }, vec![]),
        (InstanceFilter { name: Some("Order".to_owned()), ..any() }, vec!["order-2", "order-1"]),
        (InstanceFilter { id_prefix: Some("order-".to_owned()), ..any() }, vec!["order-2", "order-1"]),
        (InstanceFilter { id_prefix: Some("o%".to_owned()), ..any() }, vec!["o%der-4"]),
        (
            InstanceFilter { id_prefix: Some(String::new()), top: 1, ..any() },
            vec!["o%der-4", "Order-3", "order-2", "order-1"],
        ),
        (InstanceFilter { created_from: at(20), ..any() }, vec!["o%der-4", "Order-3"]),
        (InstanceFilter { created_to: at(10), ..any() }, vec!["order-2", "order-1"]),
        (InstanceFilter { created_from: at(10), created_to: at(20), ..any() }, vec!["Order-3", "order-2"]),
        (InstanceFilter { held: true, ..any() }, vec!["order-1"]),
        (InstanceFilter { held: true, name: Some("Refund".to_owned()), ..any() }, vec![]),
    ] {
        let expected = listed(world, &expected);
        assert_eq!(list(world, filter.clone()).await, expected, "{filter:?}");
        assert_eq!(
            list(world, InstanceFilter { top: 1, ..filter.clone() }).await,
            expected,
            "{filter:?} in small pages"
        );
    }
}

pub async fn a_prefix_at_the_end_of_the_alphabet_works(world: &mut World) {
    let ids = ["\u{10ffff}", "\u{10ffff}a", "\u{10ffff}\u{10ffff}", "a\u{10ffff}b", "a\u{d7ff}", "a\u{e000}"];
    for instance in ids {
        world.create(instance).await;
    }
    for prefix in ["\u{10ffff}", "a", "a\u{10ffff}", "a\u{d7ff}"] {
        let found = list(world, InstanceFilter { id_prefix: Some(prefix.to_owned()), ..Default::default() }).await;
        let expected: Vec<_> = ids.into_iter().rev().filter(|instance| instance.starts_with(prefix)).collect();
        assert_eq!(found, listed(world, &expected));
    }
}

pub async fn a_page_has_a_limit(world: &mut World) {
    for number in 0..=limits::PAGE_INSTANCES_MAX {
        world.create(&format!("i{number}")).await;
    }
    for top in [0, usize::MAX] {
        let page = world.backend().list(&InstanceFilter { top, ..Default::default() }).await.unwrap();
        assert!(page.rows.len() <= limits::PAGE_INSTANCES_MAX);
        assert!(page.rows.len() == limits::PAGE_INSTANCES_MAX || !world.lists_newest_first());
        assert!(page.continuation.is_some());
    }
}

pub async fn a_made_up_continuation_is_refused_for_good(world: &mut World) {
    let filter = InstanceFilter { continuation: Some("made-up!".to_owned()), ..InstanceFilter::default() };
    permanent(&world.backend().list(&filter).await.unwrap_err());
}

pub async fn a_history_is_read_in_any_portions(world: &mut World) {
    world.create_running("a").await;
    for (first, last) in [(4, 4), (5, 9), (10, 11)] {
        world.commit(world.turn("a").await.append(first, last)).await;
    }
    let now = world.now();
    for from in 0..14 {
        for max in [0, 1, 2, 5, 100] {
            let read = world.backend().history(&id("a"), EventId(from), max).await.unwrap();
            let expected: Vec<_> = (from.max(1)..=11).take(max).map(|position| event(position, now)).collect();
            let next = Some(from.max(1) + max as u64).filter(|next| *next <= 11).map(EventId);
            assert_eq!(read, HistoryPage { events: expected, next }, "{max} from {from}");
        }
    }
    assert_eq!(world.backend().history(&id("a"), EventId(u64::MAX), 1).await.unwrap(), HistoryPage::default());
}
