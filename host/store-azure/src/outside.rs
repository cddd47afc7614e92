//! Every reader of what an account may hold, as functions over anything, for programs that try them with just that.
//!
//! Whoever has the account's key can write what they like, so none of them may panic. What they accept must be the same
//! after it was written and read again.

use std::fmt::Debug;

use azure::{Entity, Key};
use engine::{EventId, Timestamp};

use crate::layout::message::{Content, Header};
use crate::layout::sentinel::Sentinel;
use crate::layout::{LayoutError, events, instance, keys, message, outbox, overflow};
use crate::partitions::LeaseRow;

/// Bytes that a blob is unpacked to at most, here.
const UNPACKED_BYTES_MAX: usize = 1024 * 1024;

/// Reads the text of a queue message.
///
/// # Panics
/// A message is another after it was written and read again.
pub fn queue_message(text: &str) {
    let _ = message::input_of_start(text);
    let Ok(content) = message::decode(text) else { return };
    if let Content::ToInstance { message: read, .. } = &content {
        let header =
            Header { activity_id: [7; 16], sequence: 1, sender: None, at: Timestamp::from_millis(1_782_900_000_123) };
        let encoded = message::encode(&content, header);
        if encoded.blob.is_none() {
            let Ok(Content::ToInstance { message: again, .. }) = message::decode(&encoded.text) else {
                panic!("not readable: {}", encoded.text)
            };
            assert_eq!(&again, read);
        }
    }
}

/// Reads a row as every kind of row there is.
///
/// # Panics
/// A sentinel is another after it was written and read again.
pub fn table_row(key: &Key, entity: &Entity) {
    let _ = keys::unescape(&key.partition);
    for (column, _) in overflow::blob_columns(entity) {
        // What is in the blob is tried by itself; here it is some text.
        let _ = overflow::put_back(&mut entity.clone(), &column, b"text");
    }
    let _ = instance::blob_columns(entity, "http://127.0.0.1/hub-largemessages");
    let _ = instance::row_of(&key.partition, entity);
    let mut event = entity.clone();
    events::put_back(&mut event);
    let _ = events::event_of(EventId(1), &event);
    let _ = outbox::outbox_of(entity);
    let _ = LeaseRow::from_entity(entity);
    if let Ok(sentinel) = Sentinel::from_entity(entity) {
        let row = sentinel.to_row(&key.partition, 0);
        if row.blobs.is_empty() {
            same(Sentinel::from_entity(&row.entity), &sentinel);
        }
    }
}

/// Reads the content of a blob.
pub fn blob(bytes: &[u8]) {
    let _ = overflow::gunzip(bytes, UNPACKED_BYTES_MAX);
    let _ = outbox::messages_of(bytes);
}

fn same<T: PartialEq + Debug>(again: Result<T, LayoutError>, read: &T) {
    match again {
        Ok(again) => assert_eq!(&again, read),
        Err(error) => panic!("{error}: {read:?}"),
    }
}
