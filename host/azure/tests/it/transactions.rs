//! All or nothing.

use azure::limits::{TRANSACTION_WRITES_MAX, transaction_bytes};
use azure::{Condition, ETag, Query, Table, Value, Verb, Write};

use crate::contract;
use crate::world::{World, delete, entity, insert, key, outcome, write};

contract!(
    a_hundred_changes_of_all_kinds_are_one,
    a_failing_change_undoes_all_and_says_why,
    nothing_to_change_is_no_request,
    a_transaction_of_almost_four_mebibytes_is_taken,
);

const TABLE: Table = Table::History;

async fn a_hundred_changes_of_all_kinds_are_one(world: &World) {
    let medium = world.with_table(TABLE).await;
    let row = |n: usize| key("p", &format!("{n:03}"));
    let inserts: Vec<Write> = (0..100).map(|n| insert(&row(n), 1)).collect();
    let etags = medium.transact(TABLE, inserts).await.unwrap();
    assert_eq!(etags.len(), TRANSACTION_WRITES_MAX);

    let two = || entity(&[("M", Value::Int(2))]);
    let changes: Vec<Write> = (0..100)
        .map(|n| {
            let etag = || Condition::Match(etags[n].clone().unwrap());
            match n % 7 {
                0 => write(&row(n), Verb::Merge(two(), etag())),
                1 => write(&row(n), Verb::Merge(two(), Condition::Any)),
                2 => write(&row(n), Verb::Replace(two(), etag())),
                3 => write(&row(n), Verb::InsertOrReplace(two())),
                4 => write(&row(n), Verb::Delete(etag())),
                5 => delete(&row(n)),
                _ => insert(&row(n + 100), 3),
            }
        })
        .collect();
    let keys: Vec<_> = changes.iter().map(|write| write.key.clone()).collect();
    let changed = medium.transact(TABLE, changes).await.unwrap();

    let mut remaining = 0;
    for (n, (key, etag)) in keys.iter().zip(changed).enumerate() {
        let found = medium.get(TABLE, key).await.unwrap();
        assert_eq!(found.as_ref().map(|found| found.etag.clone()), etag, "{n}");
        let expected = match n % 7 {
            0 | 1 => Some(entity(&[("N", Value::Int(1)), ("M", Value::Int(2))])),
            2 | 3 => Some(two()),
            4 | 5 => None,
            _ => Some(entity(&[("N", Value::Int(3))])),
        };
        assert_eq!(found.map(|found| found.entity), expected, "{n}");
        remaining += usize::from(n % 7 != 4 && n % 7 != 5) + usize::from(n % 7 == 6);
    }
    assert_eq!(medium.query(TABLE, &Query::partition("p")).await.unwrap().entities.len(), remaining);
}

async fn a_failing_change_undoes_all_and_says_why(world: &World) {
    let medium = world.with_table(TABLE).await;
    let there = key("p", "there");
    let old = medium.write(TABLE, insert(&there, 1)).await.unwrap().unwrap();
    let etag = medium.write(TABLE, write(&there, Verb::InsertOrReplace(entity(&[])))).await.unwrap();
    let outdated = |verb: fn(Condition) -> Verb| write(&there, verb(Condition::Match(old.clone())));
    let absent = |verb: fn(Condition) -> Verb| write(&key("p", "absent"), verb(Condition::Any));
    let merge: fn(Condition) -> Verb = |condition| Verb::Merge(entity(&[]), condition);
    let replace: fn(Condition) -> Verb = |condition| Verb::Replace(entity(&[]), condition);
    for (failing, expected) in [
        (insert(&there, 2), "Exists"),
        (outdated(merge), "Changed"),
        (outdated(replace), "Changed"),
        (outdated(Verb::Delete), "Changed"),
        (absent(merge), "NotFound"),
        (absent(replace), "NotFound"),
        (absent(Verb::Delete), "NotFound"),
    ] {
        for at in 0..3 {
            let mut writes = vec![insert(&key("p", "new1"), 1), insert(&key("p", "new2"), 1)];
            writes.insert(at, failing.clone());
            assert_eq!(outcome(medium.transact(TABLE, writes).await), expected, "{failing:?} at {at}");
        }
    }
    let page = medium.query(TABLE, &Query::partition("p")).await.unwrap();
    let found: Vec<(&str, Option<&ETag>)> =
        page.entities.iter().map(|found| (found.key.row.as_str(), Some(&found.etag))).collect();
    assert_eq!(found, [("there", etag.as_ref())]);
}

async fn nothing_to_change_is_no_request(world: &World) {
    // There is not even a table.
    assert_eq!(world.transact(Table::Partitions, Vec::new()).await.unwrap(), []);
}

async fn a_transaction_of_almost_four_mebibytes_is_taken(world: &World) {
    let medium = world.with_table(TABLE).await;
    let bytes = Value::Binary(vec![0xa5; 61_000]);
    let row = |n: usize| write(&key("p", &n.to_string()), Verb::Insert(entity(&[("Bytes", bytes.clone())])));
    let each = transaction_bytes(&row(10));
    let fits = azure::limits::TRANSACTION_BYTES_MAX / each;
    assert_eq!(outcome(medium.transact(TABLE, (0..=fits).map(row).collect()).await), "refused: ContentLengthExceeded");
    assert_eq!(medium.transact(TABLE, (0..fits).map(row).collect()).await.unwrap().len(), fits);
    let found = medium.get(TABLE, &key("p", "0")).await.unwrap().unwrap();
    assert_eq!(found.entity, entity(&[("Bytes", bytes.clone())]));
}
