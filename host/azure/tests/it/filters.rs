//! Which rows a filter finds.

use azure::{Query, Table, Value, Verb};

use crate::contract;
use crate::world::{World, entity, key, outcome, text, write};

contract!(a_filter_finds_what_it_says, a_filter_that_cannot_be_read_is_refused);

const TABLE: Table = Table::Instances;

const FILTERS: &[(&str, &str)] = &[
    ("PartitionKey eq 'p'", "1 2 3"),
    ("PartitionKey ne 'p'", "4"),
    ("PartitionKey eq 'p' and RowKey ge '2'", "2 3"),
    ("PartitionKey eq 'p' and RowKey gt '1' and RowKey lt '3'", "2"),
    ("PartitionKey ge 'p' and PartitionKey lt 'q'", "1 2 3"),
    ("RowKey le '2'", "1 2"),
    ("RowKey eq '1' or RowKey eq '4'", "1 4"),
    ("PartitionKey eq 'p' and (RowKey eq '1' or RowKey eq '4')", "1"),
    ("RowKey eq '4' or PartitionKey eq 'p' and RowKey eq '2'", "2 4"),
    ("not (RowKey eq '1')", "2 3 4"),
    ("Text eq 'it''s'", "1"),
    ("Text ne 'it''s'", "2 3"),
    ("Text ge 'a' and Text lt 'b'", "2"),
    ("Int eq -5", "1"),
    ("Int gt -5", "2 3"),
    ("Int le 5", "1 2"),
    ("Long eq 5000000000L", "2"),
    ("Long lt 5000000000L", "1"),
    ("Double gt 0.5", "2 3"),
    ("Double eq 2.0", "3"),
    ("Flag eq true", "1 3"),
    ("Flag eq false", "2"),
    ("At ge datetime'2024-02-29T12:34:56.789Z'", "2 3"),
    ("At gt datetime'2024-02-29T12:34:56.7890000Z'", "3"),
    ("At lt datetime'2024-02-29T12:34:56.789Z'", "1"),
    ("Id eq guid'0a0b0c0d-0000-4000-8000-000000000002'", "2"),
    ("Absent eq 'x'", ""),
    ("(((RowKey eq '1')))", "1"),
];

async fn a_filter_finds_what_it_says(world: &World) {
    let medium = world.with_table(TABLE).await;
    let at = 1_709_210_096_789;
    let rows = [
        ("p", "1", "it's", -5, 1, 0.5, true, at - 1),
        ("p", "2", "apple", 5, 5_000_000_000, 1.5, false, at),
        ("p", "3", "pear", 50, 5_000_000_001, 2.0, true, at + 1),
    ];
    for (partition, row, name, int, long, double, flag, at) in rows {
        let properties = entity(&[
            ("Text", text(name)),
            ("Int", Value::Int(int)),
            ("Long", Value::Long(long)),
            ("Double", Value::Double(double)),
            ("Flag", Value::Bool(flag)),
            ("At", Value::Time(at)),
            ("Id", Value::Guid(format!("0a0b0c0d-0000-4000-8000-00000000000{row}"))),
        ]);
        medium.write(TABLE, write(&key(partition, row), Verb::Insert(properties))).await.unwrap();
    }
    // Without any property: no comparison with one holds.
    medium.write(TABLE, write(&key("q", "4"), Verb::Insert(entity(&[])))).await.unwrap();

    let mut wrong = Vec::new();
    for (filter, expected) in FILTERS {
        let page = medium.query(TABLE, &Query { filter: Some((*filter).to_owned()), ..Query::default() }).await;
        let found = match page {
            Ok(page) => page.entities.into_iter().map(|found| found.key.row).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        if found != *expected {
            wrong.push(format!("{filter}: expected {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn a_filter_that_cannot_be_read_is_refused(world: &World) {
    let medium = world.with_table(TABLE).await;
    for filter in ["PartitionKey eq", "(PartitionKey eq 'p'", "PartitionKey is 'p'"] {
        let query = Query { filter: Some(filter.to_owned()), ..Query::default() };
        let found = outcome(medium.query(TABLE, &query).await);
        assert!(found.starts_with("refused: "), "{filter}: {found}");
    }
}
