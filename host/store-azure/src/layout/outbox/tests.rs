use engine::{ExecutionId, InstanceId, Message, Payload, TaskId, arbitrary};
use insta::assert_snapshot;
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::testing::{blob, damage, explained, fits, instance_id, merged, render};
use super::*;

fn outgoing(to: &str, message: Message) -> Outgoing {
    Outgoing { to: InstanceId::new(to).unwrap(), message }
}

fn raise(bytes: usize) -> Outgoing {
    let key = engine::EventKey::from_bytes([7; 16]);
    let data = Some(Payload::from("x".repeat(bytes)));
    outgoing("a", Message::RaiseEvent { name: "e".into(), data, key, execution_id: None })
}

fn read(row: &Row) -> Outbox {
    outbox_of(&row.entity).unwrap()
}

#[test]
fn outbox_rows_never_change() {
    let completed = Message::ChildCompleted {
        execution_id: ExecutionId::from_bytes([1; 16]),
        task: TaskId(2),
        attempt: 3,
        output: None,
    };
    let messages = [outgoing("other", Message::Wake), outgoing("üp", completed)];
    assert_snapshot!(render(&outbox_row("order^01", "c-1", &messages).entity), @"
    RondoBytes=51L
    RondoCommit='c-1'
    RondoOutbox00=0x000000056f746865720000000401820a8000000003c3bc70000000170182038350010101010101010101010101010101010203
    ");
    assert_snapshot!(render(&outbox_row("order^01", "c-2", &[]).entity), @"
    RondoBytes=0L
    RondoCommit='c-2'
    ");
}

#[test]
fn a_medium_outbox_takes_several_columns() {
    let messages = vec![raise(100_000), raise(1)];
    let row = outbox_row("order^01", "c-1", &messages);
    assert!(fits(&row.entity));
    let columns: Vec<_> = row.entity.0.keys().map(String::as_str).collect();
    assert_eq!(columns, ["RondoBytes", "RondoCommit", "RondoOutbox00", "RondoOutbox01"]);
    assert_eq!(read(&row), Outbox { commit: "c-1".into(), content: OutboxContent::Messages(messages) });
}

#[test]
fn a_large_outbox_goes_to_a_blob_named_by_its_commit() {
    let messages = vec![raise(OUTBOX_BYTES_MAX), raise(1)];
    let row = outbox_row("order^01", "c-1", &messages);
    let OutboxContent::InBlob { name } = read(&row).content else { panic!("not in a blob") };
    assert_snapshot!(name, @"order^01/history-outbox-Outbox-147AFE1B-RondoOutbox.json.gz");
    assert_eq!(messages_of(blob(&row, &name)).unwrap(), messages);
    assert_eq!(outbox_row("order^01", "c-1", &messages).blobs[0].name, name);
    assert_ne!(outbox_row("order^01", "c-2", &messages).blobs[0].name, name);
}

#[test]
fn rows_that_cannot_be_read_say_why() {
    let check = |damage: &dyn Fn(&mut Entity)| {
        let mut entity = outbox_row("a", "c", &[raise(3)]).entity;
        damage(&mut entity);
        explained(&outbox_of(&entity).unwrap_err())
    };
    assert_snapshot!(check(&|row| drop(row.0.remove("RondoCommit"))), @"RondoCommit is missing");
    assert_snapshot!(check(&|row| drop(row.0.remove("RondoOutbox00"))), @"RondoOutbox is missing");
    assert_snapshot!(check(&|row| row.set("RondoBytes", Value::Long(-1))), @"RondoBytes is malformed");
    assert_snapshot!(check(&|row| row.set("RondoOutbox00", Value::Binary(vec![0; 3]))), @"RondoOutbox is malformed");
}

const COLUMNS: &[&str] = &["RondoCommit", "RondoBytes", "RondoOutbox00", "RondoOutbox01", "RondoOutboxBlobName"];

proptest! {
    #[test]
    fn every_outbox_comes_back(messages in vec((instance_id(), arbitrary::message()), 0..4)) {
        let messages: Vec<_> = messages.into_iter().map(|(to, message)| Outgoing { to, message }).collect();
        let row = outbox_row("a", "c", &messages);
        prop_assert!(fits(&row.entity));
        prop_assert_eq!(read(&row), Outbox { commit: "c".into(), content: OutboxContent::Messages(messages) });
    }

    #[test]
    fn no_row_makes_reading_panic(messages in vec(arbitrary::message(), 0..3), damage in damage(COLUMNS, &["", "a"])) {
        let messages: Vec<_> = messages.into_iter().map(|message| outgoing("a", message)).collect();
        let _ = outbox_of(&merged(&outbox_row("a", "c", &messages).entity, &Entity(damage)));
    }

    #[test]
    fn no_bytes_make_unpacking_panic(bytes in any::<Vec<u8>>(), lengths in vec(0..4_u8, 0..20)) {
        let _ = (unpack(&bytes), unpack(&lengths), messages_of(&bytes), messages_of(&overflow::gzip(&bytes)));
    }
}
