//! Single entities and pages of them.

use azure::{Condition, Entity, PageEnd, Query, Table, Value, Verb};

use crate::contract;
use crate::world::{World, delete, entity, insert, key, outcome, text, write};

contract!(
    a_table_is_made_once,
    every_type_round_trips,
    what_is_not_there_is_none,
    insert_changes_nothing_that_exists,
    insert_or_replace_takes_whatever_is_there,
    merge_keeps_and_replace_drops_what_is_not_named,
    an_outdated_etag_changes_nothing,
    every_way_to_an_etag_gives_the_same,
    pages_continue_where_they_ended,
    a_query_selects_properties,
    a_whole_table_is_read_in_the_order_of_keys,
);

const TABLE: Table = Table::Instances;

async fn a_table_is_made_once(world: &World) {
    let row = key("p", "r");
    assert_eq!(outcome(world.get(TABLE, &row).await), "NotFound");
    assert_eq!(outcome(world.query(TABLE, &Query::default()).await), "NotFound");
    assert_eq!(outcome(world.write(TABLE, insert(&row, 1)).await), "NotFound");
    assert_eq!(outcome(world.write(TABLE, delete(&row)).await), "NotFound");
    assert_eq!(outcome(world.transact(TABLE, vec![insert(&row, 1)]).await), "NotFound");
    assert_eq!(outcome(world.delete_table(TABLE).await), "NotFound");
    assert_eq!(outcome(world.create_table(TABLE).await), "done");
    assert_eq!(outcome(world.create_table(TABLE).await), "Exists");
    assert_eq!(outcome(world.get(Table::History, &row).await), "NotFound");
    assert_eq!(outcome(world.write(TABLE, insert(&row, 1)).await), "done");
    assert_eq!(outcome(world.delete_table(TABLE).await), "done");
    assert_eq!(outcome(world.get(TABLE, &row).await), "NotFound");
}

fn sample() -> Entity {
    entity(&[
        ("Text", text("it's \"quoted\", <b>&amp; \\ / ? #\r\n\t\u{1}\u{1f3ba} %20+")),
        ("EmptyText", text("")),
        ("TextLikeTime", text("2024-02-29T12:34:56.7890000Z")),
        ("TextLikeNumber", text("12")),
        ("Smallest", Value::Int(i32::MIN)),
        ("Largest", Value::Int(i32::MAX)),
        ("Long", Value::Long(i64::MIN)),
        ("SmallLong", Value::Long(7)),
        ("Whole", Value::Double(2.0)),
        ("Real", Value::Double(-0.1)),
        ("Tiny", Value::Double(5e-324)),
        ("Huge", Value::Double(f64::MAX)),
        ("Yes", Value::Bool(true)),
        ("No", Value::Bool(false)),
        ("At", Value::Time(1_709_210_096_789)),
        ("AtSecond", Value::Time(1_709_210_096_000)),
        ("AtLast", Value::Time(azure::limits::TIME_MS_MAX)),
        ("AtEpoch", Value::Time(0)),
        ("Bytes", Value::Binary((0..=255).collect())),
        ("NoBytes", Value::Binary(Vec::new())),
        ("Id", Value::Guid("0a0b0c0d-0000-4000-8000-000000000001".to_owned())),
    ])
}

async fn every_type_round_trips(world: &World) {
    let medium = world.with_table(TABLE).await;
    let writes = [
        Verb::Insert(sample()),
        Verb::InsertOrReplace(sample()),
        Verb::Merge(sample(), Condition::Any),
        Verb::Replace(sample(), Condition::Any),
    ];
    for verb in writes {
        medium.write(TABLE, write(&key("p", "alone"), verb.clone())).await.unwrap();
        medium.transact(TABLE, vec![write(&key("p", "together"), verb)]).await.unwrap();
        let page = medium.query(TABLE, &Query::partition("p")).await.unwrap();
        assert_eq!(page.entities.len(), 2);
        for found in page.entities {
            assert_eq!(found.entity, sample());
            assert_eq!(medium.get(TABLE, &found.key).await.unwrap(), Some(found));
        }
    }
}

async fn what_is_not_there_is_none(world: &World) {
    let medium = world.with_table(TABLE).await;
    let row = key("p", "r");
    assert_eq!(medium.get(TABLE, &row).await.unwrap(), None);
    assert_eq!(medium.query(TABLE, &Query::partition("p")).await.unwrap().entities, []);
    let etag = medium.write(TABLE, insert(&row, 1)).await.unwrap().unwrap();
    medium.write(TABLE, delete(&row)).await.unwrap();
    for condition in [Condition::Any, Condition::Match(etag)] {
        for verb in [
            Verb::Merge(Entity::new(), condition.clone()),
            Verb::Replace(Entity::new(), condition.clone()),
            Verb::Delete(condition.clone()),
        ] {
            assert_eq!(outcome(medium.write(TABLE, write(&row, verb.clone())).await), "NotFound", "{verb:?}");
            assert_eq!(outcome(medium.transact(TABLE, vec![write(&row, verb.clone())]).await), "NotFound", "{verb:?}");
        }
    }
    assert_eq!(medium.get(TABLE, &row).await.unwrap(), None);
}

async fn insert_changes_nothing_that_exists(world: &World) {
    let medium = world.with_table(TABLE).await;
    let row = key("p", "r");
    medium.write(TABLE, insert(&row, 1)).await.unwrap();
    let before = medium.get(TABLE, &row).await.unwrap().unwrap();
    assert_eq!(outcome(medium.write(TABLE, insert(&row, 2)).await), "Exists");
    assert_eq!(medium.get(TABLE, &row).await.unwrap(), Some(before));
}

async fn insert_or_replace_takes_whatever_is_there(world: &World) {
    let medium = world.with_table(TABLE).await;
    let row = key("p", "r");
    for properties in [entity(&[("A", Value::Int(1))]), entity(&[("B", Value::Int(2))])] {
        medium.write(TABLE, write(&row, Verb::InsertOrReplace(properties.clone()))).await.unwrap();
        assert_eq!(medium.get(TABLE, &row).await.unwrap().unwrap().entity, properties);
    }
}

async fn merge_keeps_and_replace_drops_what_is_not_named(world: &World) {
    let medium = world.with_table(TABLE).await;
    let row = key("p", "r");
    let both = entity(&[("A", Value::Int(1)), ("B", Value::Int(2))]);
    let changed = entity(&[("B", Value::Long(3))]);
    medium.write(TABLE, write(&row, Verb::Insert(both))).await.unwrap();
    medium.write(TABLE, write(&row, Verb::Merge(changed.clone(), Condition::Any))).await.unwrap();
    let merged = medium.get(TABLE, &row).await.unwrap().unwrap().entity;
    assert_eq!(merged, entity(&[("A", Value::Int(1)), ("B", Value::Long(3))]));
    medium.write(TABLE, write(&row, Verb::Replace(changed.clone(), Condition::Any))).await.unwrap();
    assert_eq!(medium.get(TABLE, &row).await.unwrap().unwrap().entity, changed);
}

async fn an_outdated_etag_changes_nothing(world: &World) {
    let medium = world.with_table(TABLE).await;
    let row = key("p", "r");
    let old = medium.write(TABLE, insert(&row, 1)).await.unwrap().unwrap();
    let new = Verb::Merge(entity(&[("N", Value::Int(2))]), Condition::Match(old.clone()));
    let new = medium.write(TABLE, write(&row, new)).await.unwrap().unwrap();
    assert_ne!(old, new);
    let before = medium.get(TABLE, &row).await.unwrap().unwrap();
    let properties = entity(&[("N", Value::Int(3))]);
    for verb in [
        Verb::Merge(properties.clone(), Condition::Match(old.clone())),
        Verb::Replace(properties.clone(), Condition::Match(old.clone())),
        Verb::Delete(Condition::Match(old)),
    ] {
        assert_eq!(outcome(medium.write(TABLE, write(&row, verb.clone())).await), "Changed", "{verb:?}");
    }
    assert_eq!(medium.get(TABLE, &row).await.unwrap(), Some(before));
    let newest = Verb::Replace(properties, Condition::Match(new));
    let newest = medium.write(TABLE, write(&row, newest)).await.unwrap().unwrap();
    let gone = medium.write(TABLE, write(&row, Verb::Delete(Condition::Match(newest)))).await.unwrap();
    assert_eq!(gone, None);
    assert_eq!(medium.get(TABLE, &row).await.unwrap(), None);
}

async fn every_way_to_an_etag_gives_the_same(world: &World) {
    let medium = world.with_table(TABLE).await;
    let row = key("p", "r");
    let properties = || entity(&[("N", Value::Int(1))]);
    let mut seen = Vec::new();
    for verb in [
        Verb::Insert(properties()),
        Verb::InsertOrReplace(properties()),
        Verb::Merge(properties(), Condition::Any),
        Verb::Replace(properties(), Condition::Any),
    ] {
        let alone = medium.write(TABLE, write(&row, verb)).await.unwrap().unwrap();
        assert_eq!(medium.get(TABLE, &row).await.unwrap().unwrap().etag, alone);
        let listed = medium.query(TABLE, &Query::default()).await.unwrap().entities.remove(0);
        assert_eq!(listed.etag, alone);
        seen.push(alone);
    }
    let verb = Verb::Merge(properties(), Condition::Match(seen[3].clone()));
    let together = medium.transact(TABLE, vec![write(&row, verb)]).await.unwrap().remove(0).unwrap();
    assert_eq!(medium.get(TABLE, &row).await.unwrap().unwrap().etag, together);
    seen.push(together);
    for (at, etag) in seen.iter().enumerate() {
        assert!(!seen[..at].contains(etag), "each write makes a new version");
    }
}

/// The rows of all pages, and how many pages had any.
async fn all_rows(world: &World, mut query: Query) -> (Vec<String>, u32) {
    let (mut rows, mut pages) = (Vec::new(), 0);
    loop {
        let page = world.query(TABLE, &query).await.unwrap();
        pages += u32::from(!page.entities.is_empty());
        rows.extend(page.entities.into_iter().map(|found| found.key.row));
        match page.end {
            None => return (rows, pages),
            end => query.after = end,
        }
    }
}

async fn pages_continue_where_they_ended(world: &World) {
    let medium = world.with_table(TABLE).await;
    // Keys that would be harmed if a page end were not encoded.
    let partition = "it's 100% & more+é";
    let names: Vec<String> = (0..25).map(|row| format!("{row:02} é&'+%")).collect();
    let writes = names.iter().map(|row| insert(&key(partition, row), 1)).collect();
    medium.transact(TABLE, writes).await.unwrap();
    medium.write(TABLE, insert(&key("it's 100%", "other"), 1)).await.unwrap();

    let query = Query { top: Some(10), ..Query::partition(partition) };
    assert_eq!(all_rows(world, query).await, (names.clone(), 3));
    assert_eq!(all_rows(world, Query::partition(partition)).await, (names.clone(), 1));
    let first = medium.query(TABLE, &Query { top: Some(10), ..Query::partition(partition) }).await.unwrap();
    let PageEnd { partition: end, .. } = first.end.clone().unwrap();
    assert!(!end.is_empty());
    let rest = Query { after: first.end, top: Some(100), ..Query::partition(partition) };
    assert_eq!(all_rows(world, rest).await, (names[10..].to_vec(), 1));
}

async fn a_query_selects_properties(world: &World) {
    let medium = world.with_table(TABLE).await;
    let row = key("p", "r");
    let all = entity(&[("A", Value::Long(1)), ("B", text("b")), ("C", Value::Time(0))]);
    let etag = medium.write(TABLE, write(&row, Verb::Insert(all))).await.unwrap().unwrap();
    let select = ["A", "C", "Absent"].map(str::to_owned).to_vec();
    let found = medium.query(TABLE, &Query { select, ..Query::partition("p") }).await.unwrap().entities.remove(0);
    assert_eq!(found.entity, entity(&[("A", Value::Long(1)), ("C", Value::Time(0))]));
    assert_eq!((found.key, found.etag), (row, etag));
}

async fn a_whole_table_is_read_in_the_order_of_keys(world: &World) {
    let medium = world.with_table(TABLE).await;
    for (partition, row) in [("b", "1"), ("a", "2"), ("B", "1"), ("a", "1"), ("a", "10")] {
        medium.write(TABLE, insert(&key(partition, row), 1)).await.unwrap();
    }
    let page = medium.query(TABLE, &Query::default()).await.unwrap();
    let keys: Vec<_> = page.entities.iter().map(|found| format!("{} {}", found.key.partition, found.key.row)).collect();
    assert_eq!(keys, ["B 1", "a 1", "a 10", "a 2", "b 1"]);
}
