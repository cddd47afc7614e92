//! What the tests of the layout share.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use azure::{Entity, Value};
use engine::{InstanceId, Payload, Timestamp, arbitrary};
use proptest::collection::btree_map;
use proptest::prelude::*;

use super::{LayoutError, Row, overflow, times};

/// A row as one line: texts in quotes, `L` after 64-bit numbers, `@` before times.
pub(super) fn render(entity: &Entity) -> String {
    let Entity(columns) = entity;
    let mut line = String::new();
    for (column, value) in columns {
        let value = match value {
            Value::Text(text) => format!("'{text}'"),
            Value::Int(number) => number.to_string(),
            Value::Long(number) => format!("{number}L"),
            Value::Double(number) => format!("{number}D"),
            Value::Bool(flag) => flag.to_string(),
            Value::Time(ms) => format!("@{}", times::iso(Timestamp::from_millis(*ms))),
            Value::Binary(bytes) => bytes.iter().fold("0x".to_owned(), |hex, byte| format!("{hex}{byte:02x}")),
            Value::Guid(text) => format!("{{{text}}}"),
        };
        writeln!(line, "{column}={value}").unwrap();
    }
    line
}

/// What a merge of `row` over `old` leaves in the table.
pub(super) fn merged(old: &Entity, row: &Entity) -> Entity {
    Entity(old.0.iter().chain(&row.0).map(|(column, value)| (column.clone(), value.clone())).collect())
}

/// The content of a row's blob of that name.
pub(super) fn blob<'a>(row: &'a Row, name: &str) -> &'a [u8] {
    &row.blobs.iter().find(|blob| blob.name == name).unwrap().bytes
}

/// A row as it is after whoever reads it has put back the texts that are in blobs.
pub(super) fn fetched(row: &Row) -> Entity {
    let mut entity = row.entity.clone();
    for (column, name) in overflow::blob_columns(&row.entity) {
        overflow::put_back(&mut entity, &column, blob(row, &name)).unwrap();
    }
    entity
}

/// Whether the service takes every value of a row.
pub(super) fn fits(entity: &Entity) -> bool {
    let fits = |(column, value): (&String, &Value)| match value {
        Value::Text(text) => !overflow::is_too_long(column, text),
        Value::Binary(bytes) => bytes.len() <= super::limits::BINARY_BYTES_MAX,
        Value::Time(ms) => *ms <= super::limits::TIME_MS_MAX,
        _ => true,
    };
    entity.0.iter().all(fits)
}

/// A payload of any length, often near the longest that fits a column or a message.
pub(super) fn sized_payload() -> impl Strategy<Value = Option<Payload>> {
    let long = (prop_oneof![Just("a"), Just("ü"), Just("🦀"), Just("\u{ffff}"), Just("\"")], 15_300..46_200_usize)
        .prop_map(|(piece, times)| Some(Payload::from(piece.repeat(times))));
    let url = Just(Some(Payload::from("https://example.net/a%20b")));
    prop_oneof![6 => arbitrary::payload(), 1 => url, 1 => long]
}

pub(super) fn instance_id() -> impl Strategy<Value = InstanceId> {
    "[a-z^/\\\\#?ü🦀 '%][a-z^/\\\\#?ü🦀 '%]{0,9}".prop_map(|text| InstanceId::new(&text).unwrap())
}

/// A time near or beyond the last that a column can hold, or any other.
pub(super) fn time() -> impl Strategy<Value = Timestamp> {
    let edge = (0..3_u64).prop_map(|more| Timestamp::from_millis(super::limits::TIME_MS_MAX - 1 + more));
    prop_oneof![arbitrary::time(), edge]
}

/// A value of a column that somebody else wrote.
fn value(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        4 => proptest::sample::select(words).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => json_value().prop_map(|json| json.to_string()),
    ];
    prop_oneof![
        4 => text.prop_map(Value::Text),
        1 => any::<i32>().prop_map(Value::Int),
        1 => any::<i64>().prop_map(Value::Long),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => any::<u64>().prop_map(Value::Time),
        1 => any::<Vec<u8>>().prop_map(Value::Binary),
    ]
}

/// Changes of single columns, by which an entity becomes one that nobody meant.
pub(super) fn damage(
    columns: &'static [&'static str],
    words: &'static [&'static str],
) -> impl Strategy<Value = BTreeMap<String, Value>> {
    btree_map(proptest::sample::select(columns).prop_map(str::to_owned), value(words), 0..4)
}

/// Any JSON.
pub(super) fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a-zA-Z0-9$ü\u{0}/:+-]{0,12}".prop_map(Into::into),
    ];
    let keys = proptest::sample::select(&[
        "$type",
        "InstanceId",
        "ExecutionId",
        "OrchestrationInstance",
        "Name",
        "TaskScheduleId",
        "ErrorType",
        "Properties",
    ]);
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            btree_map(keys.clone().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An error with its causes, as people see it.
pub(super) fn explained(error: &LayoutError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
