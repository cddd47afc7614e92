//! What Azure Storage takes, and checks of it before anything is sent.
//!
//! The numbers are the service's. Checking here gives the same answer for an account, its emulator (which is more
//! lenient) and the fake, and a better message than "400".

use std::time::Duration;

use crate::{Entity, Error, Key, Refused, Value, Verb, Write};

/// Changes in one transaction.
pub const TRANSACTION_WRITES_MAX: usize = 100;
/// The body of one transaction, as counted by [`transaction_bytes`].
pub const TRANSACTION_BYTES_MAX: usize = 4 << 20;
/// One entity, as counted by [`entity_bytes`].
pub const ENTITY_BYTES_MAX: usize = 1 << 20;
/// One text property, in UTF-16 units; 64 KiB.
pub const TEXT_UNITS_MAX: usize = 32 << 10;
/// One binary property.
pub const BINARY_BYTES_MAX: usize = 64 << 10;
/// Properties of one entity, without keys and timestamp.
pub const PROPERTIES_MAX: usize = 252;
/// The name of a property, in characters.
pub const PROPERTY_NAME_MAX: usize = 255;
/// A partition or row key, in UTF-16 units; 1 KiB.
pub const KEY_UNITS_MAX: usize = 512;
/// Entities of one page of a query.
pub const PAGE_ROWS_MAX: u32 = 1_000;
/// The last millisecond of the year 9999.
pub const TIME_MS_MAX: u64 = 253_402_300_799_999;
/// The text of a message, in bytes of UTF-8.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// Messages that one request takes or peeks at.
pub const TAKE_MAX: u32 = 32;
/// How long a message can be invisible.
pub const VISIBILITY_MAX: Duration = Duration::from_hours(7 * 24);

/// What a change adds to a transaction around its entity: part headers, request line, address. Generous.
const WRITE_OVERHEAD_BYTES: usize = 700;
/// The same, around a property: quotes, comma, type annotation.
const PROPERTY_OVERHEAD_BYTES: usize = 40;

/// A refusal by this crate, not by the service.
pub(crate) fn refused(code: &str, message: impl Into<String>) -> Error {
    Error::Refused(Refused { status: 0, code: code.to_owned(), message: message.into() })
}

/// The size of an entity as the service counts it, against [`ENTITY_BYTES_MAX`].
pub fn entity_bytes(key: &Key, entity: &Entity) -> usize {
    let keys = 4 + 2 * (utf16(&key.partition) + utf16(&key.row));
    let properties = entity.0.iter().map(|(name, value)| 8 + 2 * utf16(name) + value_bytes(value));
    keys + properties.sum::<usize>()
}

/// The share of one change in the body of a transaction, against [`TRANSACTION_BYTES_MAX`]; rather too much than too
/// little.
pub fn transaction_bytes(write: &Write) -> usize {
    // A key is in the address (each byte up to three characters long, a quote twice that) and in the entity.
    let keys = 8 * (write.key.partition.len() + write.key.row.len());
    let properties = match &write.verb {
        Verb::Insert(entity) | Verb::InsertOrReplace(entity) | Verb::Merge(entity, _) | Verb::Replace(entity, _) => {
            entity.0.iter().map(|(name, value)| PROPERTY_OVERHEAD_BYTES + 2 * name.len() + json_bytes(value)).sum()
        }
        Verb::Delete(_) => 0,
    };
    WRITE_OVERHEAD_BYTES + keys + properties
}

/// Whether the service would take this key.
pub(crate) fn check_key(key: &Key) -> Result<(), Error> {
    for text in [&key.partition, &key.row] {
        if let Some(bad) = text.chars().find(|c| matches!(c, '/' | '\\' | '#' | '?') || c.is_control()) {
            return Err(refused("OutOfRangeInput", format!("a key must not contain {bad:?}")));
        }
        if utf16(text) > KEY_UNITS_MAX {
            return Err(refused("KeyValueTooLarge", format!("a key has at most {KEY_UNITS_MAX} UTF-16 units")));
        }
    }
    Ok(())
}

/// Whether the service would take this change.
pub(crate) fn check_write(write: &Write) -> Result<(), Error> {
    check_key(&write.key)?;
    match &write.verb {
        Verb::Insert(entity) | Verb::InsertOrReplace(entity) | Verb::Merge(entity, _) | Verb::Replace(entity, _) => {
            check_entity(&write.key, entity)
        }
        Verb::Delete(_) => Ok(()),
    }
}

/// Whether the service would take these changes as one transaction.
pub(crate) fn check_transaction(writes: &[Write]) -> Result<(), Error> {
    if writes.len() > TRANSACTION_WRITES_MAX {
        let message =
            format!("{} changes in one transaction, at most {TRANSACTION_WRITES_MAX} are possible", writes.len());
        return Err(refused("InvalidInput", message));
    }
    if let [first, others @ ..] = writes
        && others.iter().any(|write| write.key.partition != first.key.partition)
    {
        return Err(refused("CommandsInBatchActOnDifferentPartitions", "a transaction stays within one partition"));
    }
    let mut rows: Vec<&str> = writes.iter().map(|write| write.key.row.as_str()).collect();
    rows.sort_unstable();
    if rows.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(refused("InvalidDuplicateRow", "a transaction changes an entity at most once"));
    }
    writes.iter().try_for_each(check_write)?;
    let bytes: usize = writes.iter().map(transaction_bytes).sum();
    if bytes > TRANSACTION_BYTES_MAX {
        let message = format!("{bytes} bytes in one transaction, at most {TRANSACTION_BYTES_MAX} are possible");
        return Err(refused("ContentLengthExceeded", message));
    }
    Ok(())
}

/// Characters of a blob's name; the service allows no more.
pub(crate) const BLOB_NAME_CHARS_MAX: usize = 1024;

/// Whether a blob of this name is found under it again. Addresses lose empty segments at both ends and those of dots, some
/// readers lose dots at the end of any segment and turn backslashes, and the list of names is XML.
pub(crate) fn check_blob_name(name: &str) -> Result<(), Error> {
    let is_lost = |segment: &str| segment.is_empty() || segment.ends_with('.');
    let is_bad = |c: char| c.is_control() || matches!(c, '\\' | '\u{fffe}' | '\u{ffff}');
    if name.chars().count() <= BLOB_NAME_CHARS_MAX && !name.split('/').any(is_lost) && !name.contains(is_bad) {
        return Ok(());
    }
    Err(refused("InvalidResourceName", format!("{name:?} is no name that the address of a blob can carry")))
}

/// Whether the service would take this text as a message.
pub(crate) fn check_message(text: &str) -> Result<(), Error> {
    if text.len() > MESSAGE_BYTES_MAX {
        let message = format!("a message of {} bytes, at most {MESSAGE_BYTES_MAX} are possible", text.len());
        return Err(refused("MessageTooLarge", message));
    }
    // A carriage return could be written, but XML readers on the way turn it into a line feed.
    let bad = |c: char| {
        (c.is_control() && c != '\n' && c != '\t' && u32::from(c) < 0x7f) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    match text.chars().find(|c| bad(*c)) {
        Some(c) => Err(refused("InvalidInput", format!("a message must not contain {c:?}"))),
        None => Ok(()),
    }
}

/// Whether so many messages can be taken at once.
pub(crate) fn check_take(max: u32) -> Result<(), Error> {
    if (1..=TAKE_MAX).contains(&max) {
        return Ok(());
    }
    Err(refused("OutOfRangeQueryParameterValue", format!("{max} messages at once, 1 to {TAKE_MAX} are possible")))
}

/// A time of invisibility as the service takes it: in whole seconds, rounded up.
pub(crate) fn visibility_seconds(visibility: Duration, min: u64) -> Result<u64, Error> {
    let seconds = visibility.as_secs() + u64::from(visibility.subsec_nanos() > 0);
    if (min..=VISIBILITY_MAX.as_secs()).contains(&seconds) {
        return Ok(seconds);
    }
    let message = format!("invisible for {seconds} s, {min} to {} are possible", VISIBILITY_MAX.as_secs());
    Err(refused("OutOfRangeQueryParameterValue", message))
}

/// Whether a page can have so many rows.
pub(crate) fn check_top(top: Option<u32>) -> Result<(), Error> {
    match top {
        Some(top) if !(1..=PAGE_ROWS_MAX).contains(&top) => {
            Err(refused("InvalidInput", format!("a page of {top} entities, 1 to {PAGE_ROWS_MAX} are possible")))
        }
        _ => Ok(()),
    }
}

fn check_entity(key: &Key, entity: &Entity) -> Result<(), Error> {
    if entity.0.len() > PROPERTIES_MAX {
        let message = format!("{} properties, at most {PROPERTIES_MAX} are possible", entity.0.len());
        return Err(refused("TooManyProperties", message));
    }
    for (name, value) in &entity.0 {
        check_name(name)?;
        check_value(name, value)?;
    }
    let bytes = entity_bytes(key, entity);
    if bytes > ENTITY_BYTES_MAX {
        return Err(refused(
            "EntityTooLarge",
            format!("an entity of {bytes} bytes, at most {ENTITY_BYTES_MAX} are possible"),
        ));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Error> {
    let mut chars = name.chars();
    let begins = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if !begins || !chars.all(|c| c.is_alphanumeric() || c == '_') || name.chars().count() > PROPERTY_NAME_MAX {
        return Err(refused("PropertyNameInvalid", format!("{name:?} cannot name a property")));
    }
    if matches!(name, "PartitionKey" | "RowKey" | "Timestamp") {
        return Err(refused("PropertyNameInvalid", format!("{name} is not a property to set")));
    }
    Ok(())
}

fn check_value(name: &str, value: &Value) -> Result<(), Error> {
    let problem = match value {
        Value::Text(text) if utf16(text) > TEXT_UNITS_MAX => "a text of more than 32 Ki UTF-16 units",
        Value::Binary(bytes) if bytes.len() > BINARY_BYTES_MAX => "more than 64 KiB",
        Value::Time(ms) if *ms > TIME_MS_MAX => "after the year 9999",
        Value::Guid(text) if !is_guid(text) => "not a GUID",
        _ => return Ok(()),
    };
    let code = if matches!(value, Value::Guid(_) | Value::Time(_)) { "InvalidInput" } else { "PropertyValueTooLarge" };
    Err(refused(code, format!("property {name} is {problem}")))
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn utf16(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) => 4 + 2 * utf16(text),
        Value::Binary(bytes) => 4 + bytes.len(),
        Value::Int(_) => 4,
        Value::Long(_) | Value::Double(_) | Value::Time(_) => 8,
        Value::Bool(_) => 1,
        Value::Guid(_) => 16,
    }
}

fn json_bytes(value: &Value) -> usize {
    match value {
        // JSON escapes quotes and backslashes with one more byte, control characters with up to five more.
        Value::Text(text) => {
            text.bytes().map(|byte| if byte < 0x20 { 6 } else { 1 + usize::from(matches!(byte, b'"' | b'\\')) }).sum()
        }
        Value::Binary(bytes) => bytes.len().div_ceil(3) * 4,
        Value::Int(_) | Value::Long(_) | Value::Double(_) | Value::Bool(_) | Value::Time(_) | Value::Guid(_) => 40,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Condition;

    fn write(row: &str, entity: Entity) -> Write {
        Write { key: Key { partition: "p".into(), row: row.into() }, verb: Verb::Insert(entity) }
    }

    fn with(name: &str, value: Value) -> Entity {
        let mut entity = Entity::new();
        entity.set(name, value);
        entity
    }

    fn code(result: Result<(), Error>) -> String {
        match result {
            Ok(()) => "fine".to_owned(),
            Err(Error::Refused(refused)) => refused.code,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn each_limit_is_met_exactly() {
        let text = |units| check_write(&write("r", with("P", Value::Text("é".repeat(units)))));
        assert_eq!(code(text(TEXT_UNITS_MAX)), "fine");
        assert_eq!(code(text(TEXT_UNITS_MAX + 1)), "PropertyValueTooLarge");
        let bytes = |count| check_write(&write("r", with("P", Value::Binary(vec![0; count]))));
        assert_eq!(code(bytes(BINARY_BYTES_MAX)), "fine");
        assert_eq!(code(bytes(BINARY_BYTES_MAX + 1)), "PropertyValueTooLarge");
        assert_eq!(code(check_write(&write("r", with("P", Value::Time(TIME_MS_MAX))))), "fine");
        assert_eq!(code(check_write(&write("r", with("P", Value::Time(TIME_MS_MAX + 1))))), "InvalidInput");
        assert_eq!(code(check_message(&"x".repeat(MESSAGE_BYTES_MAX))), "fine");
        assert_eq!(code(check_message(&"x".repeat(MESSAGE_BYTES_MAX + 1))), "MessageTooLarge");
        assert_eq!(code(check_key(&Key { partition: "k".repeat(KEY_UNITS_MAX), row: String::new() })), "fine");
        assert_eq!(
            code(check_key(&Key { partition: "k".repeat(KEY_UNITS_MAX + 1), row: String::new() })),
            "KeyValueTooLarge"
        );
    }

    #[test]
    fn entity_of_many_large_properties_is_too_large() {
        let mut entity = Entity::new();
        for number in 0..17 {
            entity.set(&format!("P{number}"), Value::Binary(vec![0; BINARY_BYTES_MAX]));
        }
        assert_eq!(code(check_write(&write("r", entity))), "EntityTooLarge");
    }

    #[test]
    fn names_and_keys_are_those_the_service_takes() {
        for name in ["PartitionKey", "RowKey", "Timestamp", "", "1st", "a-b", "a b", "odata.etag"] {
            assert_eq!(code(check_write(&write("r", with(name, Value::Int(1))))), "PropertyNameInvalid", "{name}");
        }
        assert_eq!(code(check_write(&write("r", with("Rondo_1", Value::Int(1))))), "fine");
        for key in ["a/b", "a\\b", "a#b", "a?b", "a\nb", "a\u{7f}b", "a\u{85}b"] {
            assert_eq!(code(check_key(&Key { partition: "p".into(), row: key.into() })), "OutOfRangeInput", "{key}");
        }
        assert_eq!(code(check_write(&write("r", with("P", Value::Guid("x".repeat(36)))))), "InvalidInput");
    }

    #[test]
    fn transactions_are_checked_as_a_whole() {
        let many = |count: usize| (0..count).map(|row| write(&row.to_string(), Entity::new())).collect::<Vec<_>>();
        assert_eq!(code(check_transaction(&many(TRANSACTION_WRITES_MAX))), "fine");
        assert_eq!(code(check_transaction(&many(TRANSACTION_WRITES_MAX + 1))), "InvalidInput");
        assert_eq!(code(check_transaction(&[many(1), many(1)].concat())), "InvalidDuplicateRow");
        let elsewhere =
            Write { key: Key { partition: "q".into(), row: "x".into() }, verb: Verb::Delete(Condition::Any) };
        assert_eq!(
            code(check_transaction(&[write("r", Entity::new()), elsewhere])),
            "CommandsInBatchActOnDifferentPartitions"
        );
        let large =
            (0..50).map(|row| write(&row.to_string(), with("P", Value::Binary(vec![0; 63 << 10])))).collect::<Vec<_>>();
        assert_eq!(code(check_transaction(&large)), "ContentLengthExceeded");
        assert_eq!(code(check_transaction(&large[..45])), "fine");
    }

    #[test]
    fn invisibility_is_rounded_up_to_whole_seconds() {
        assert_eq!(visibility_seconds(Duration::ZERO, 0).unwrap(), 0);
        assert_eq!(visibility_seconds(Duration::from_millis(1), 0).unwrap(), 1);
        assert_eq!(visibility_seconds(VISIBILITY_MAX, 1).unwrap(), 604_800);
        visibility_seconds(Duration::ZERO, 1).unwrap_err();
        visibility_seconds(VISIBILITY_MAX + Duration::from_millis(1), 0).unwrap_err();
    }

    #[test]
    fn messages_are_xml_safe() {
        assert_eq!(code(check_message("<a&\"b\">\n\té🎺")), "fine");
        for text in ["\u{1}", "\r", "\0", "\u{ffff}"] {
            assert_eq!(code(check_message(text)), "InvalidInput", "{text:?}");
        }
    }
}
