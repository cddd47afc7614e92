//! The row `outbox` of an instance's history: what the last commit sends, until it is known to be sent.

use azure::{Entity, Value};
use engine::OutboxMessage;
use store::codec;

use super::columns::Reader;
use super::limits::{BINARY_BYTES_MAX, OUTBOX_BYTES_MAX};
use super::overflow::{self, Naming};
use super::{LayoutError, Overflow, Row, json};

/// The row key of the outbox.
pub(crate) const OUTBOX: &str = "outbox";

/// A message on its way to an instance.
pub(crate) type Outgoing = OutboxMessage;

/// What the row says. It counts only if the sentinel says so and is of the same commit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outbox {
    /// The commit that these messages belong to.
    pub(crate) commit: String,
    /// Where they are.
    pub(crate) content: OutboxContent,
}

/// Where the messages of a commit are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OutboxContent {
    /// Here.
    Messages(Vec<Outgoing>),
    /// In that blob, to be read by [`messages_of`].
    InBlob {
        /// Its name.
        name: String,
    },
}

const COMMIT: &str = "RondoCommit";
const BYTES: &str = "RondoBytes";
const BLOB_NAME: &str = "RondoOutboxBlobName";

/// The binary columns in order: `RondoOutbox00` and so on.
fn part(index: usize) -> String {
    format!("RondoOutbox{index:02}")
}

/// The row of a commit; it replaces the one of the commit before.
///
/// ```text
/// RondoCommit          the commit
/// RondoBytes           how many bytes follow in all, over RondoOutbox00, RondoOutbox01, …; 0 if they are in a blob
/// RondoOutboxBlobName  the blob, if they are too many
///
/// bytes                [ to-length to message-length message ]…   lengths: 4 bytes, big-endian
/// ```
pub(crate) fn outbox_row(instance_key: &str, commit_id: &str, messages: &[Outgoing]) -> Row {
    let bytes = pack(messages);
    let mut row = Row::default();
    row.entity.set(COMMIT, Value::Text(commit_id.to_owned()));
    if bytes.len() > OUTBOX_BYTES_MAX {
        // Named by the commit, so that two hosts do not overwrite each other's.
        let [a, b, c, d, ..] = json::derived("outbox", commit_id.as_bytes());
        let salt = u32::from_be_bytes([a, b, c, d]);
        let naming = Naming { instance_key, row_key: OUTBOX, event_type: Some("Outbox"), salt };
        let name = naming.blob("RondoOutbox");
        row.entity.set(BLOB_NAME, Value::Text(name.clone()));
        row.entity.set(BYTES, Value::Long(0));
        row.blobs.push(Overflow { name, bytes: overflow::gzip(&bytes) });
    } else {
        row.entity.set(BYTES, Value::Long(i64::try_from(bytes.len()).expect("less than a megabyte")));
        for (index, chunk) in bytes.chunks(BINARY_BYTES_MAX).enumerate() {
            row.entity.set(&part(index), Value::Binary(chunk.to_vec()));
        }
    }
    row
}

/// Reads the row.
pub(crate) fn outbox_of(entity: &Entity) -> Result<Outbox, LayoutError> {
    let row = Reader::new(entity)?;
    let commit = row.required_text(COMMIT)?.to_owned();
    if let Some(name) = row.text(BLOB_NAME)?.filter(|name| !name.is_empty()) {
        return Ok(Outbox { commit, content: OutboxContent::InBlob { name: name.to_owned() } });
    }
    let expected = usize::try_from(row.required_long(BYTES)?).unwrap_or(usize::MAX);
    if expected > OUTBOX_BYTES_MAX {
        return Err(LayoutError::Malformed { name: BYTES });
    }
    let mut bytes = Vec::with_capacity(expected);
    for index in 0..expected.div_ceil(BINARY_BYTES_MAX) {
        bytes.extend_from_slice(row.binary(&part(index))?.ok_or(LayoutError::Missing { name: "RondoOutbox" })?);
    }
    if bytes.len() != expected {
        return Err(LayoutError::Malformed { name: "RondoOutbox" });
    }
    Ok(Outbox { commit, content: OutboxContent::Messages(unpack(&bytes)?) })
}

/// Reads the content of the blob of a large outbox.
pub(crate) fn messages_of(blob: &[u8]) -> Result<Vec<Outgoing>, LayoutError> {
    unpack(&overflow::gunzip(blob, super::UNPACKED_BYTES_MAX)?)
}

fn pack(messages: &[Outgoing]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Outgoing { to, message } in messages {
        for field in [to.as_str().as_bytes(), &codec::encode_message(message)] {
            let length = u32::try_from(field.len()).expect("a turn decides less than 4 GiB");
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(field);
        }
    }
    bytes
}

fn unpack(mut bytes: &[u8]) -> Result<Vec<Outgoing>, LayoutError> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let to = std::str::from_utf8(field(&mut bytes)?).map_err(|_| LayoutError::Malformed { name: "a recipient" })?;
        let to = json::instance_of("a recipient", to)?;
        let message = codec::decode_message(field(&mut bytes)?)
            .map_err(|source| LayoutError::Codec { name: "an outgoing message", source })?;
        messages.push(Outgoing { to, message });
    }
    Ok(messages)
}

fn field<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], LayoutError> {
    let split = bytes.split_first_chunk().and_then(|(length, rest)| {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        rest.split_at_checked(length)
    });
    let (field, rest) = split.ok_or(LayoutError::Malformed { name: "the outbox" })?;
    *bytes = rest;
    Ok(field)
}

#[cfg(test)]
mod tests;
