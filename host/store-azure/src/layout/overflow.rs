//! Values too large for a column or a queue message: compressed blobs, and how a row points at them.

use std::io::{Read as _, Write as _};

use azure::{Entity, Value};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::columns::IN_BLOBS;
use super::limits::{COLUMN_UNITS_MAX, CUSTOM_STATUS_UNITS_MAX, UNPACKED_BYTES_MAX};
use super::{LayoutError, Overflow, keys};

/// How the name of a blob ends that is a whole start message; DurableTask looks for it.
const START_MESSAGE: &str = "-ExecutionStarted.json.gz";

/// What is appended to the name of a column whose value is in a blob.
const BLOB_NAME: &str = "BlobName";

/// How the names of blobs in an instance's folder begin, as in DurableTask.
const OF_HISTORY: &str = "history-";

/// How those of messages begin: one list by [`OF_HISTORY`] finds all blobs of an instance. No row has this key.
const OF_MESSAGE: &str = "history-message-";

/// How the names of messages of DurableTask, and of this program once, begin: below the id as it is, slashes and all, so
/// that the names alone do not tell `a/b` from `/a/b` or `a/./b`.
const OF_MESSAGE_BY_ID: &str = "message-";

/// What the names of all blobs of an instance begin with that no blob of another does.
pub(crate) fn own_blobs(instance_id: &str) -> Vec<String> {
    let (folder, key) = (keys::folder(instance_id), keys::escape(instance_id));
    let mut prefixes = vec![format!("{folder}/{OF_HISTORY}")];
    // Until folders were told from keys; a segment of nothing but dots was lost, and who knows whose blobs are there.
    if key != folder && ![".", ".."].contains(&key.as_str()) {
        prefixes.push(format!("{key}/{OF_HISTORY}"));
    }
    prefixes
}

/// What the names of messages to an instance begin with in the naming of DurableTask. Those of others may as well: the
/// message says whose it is.
pub(crate) fn perhaps_own_blobs(instance_id: &str) -> String {
    let name = format!("{instance_id}/{OF_MESSAGE_BY_ID}");
    // The address of a blob has lost the rest.
    let kept = name.trim_start_matches('/').split('/').filter(|segment| ![".", ".."].contains(segment));
    kept.collect::<Vec<_>>().join("/")
}

/// Whether the name behind [`perhaps_own_blobs`] is that of a message, and not of one to an id that goes on there.
pub(crate) fn is_message(rest_of_name: &str) -> bool {
    !rest_of_name.contains('/')
}

/// The receiver of the message in a blob of that name; none if it is no name of a message.
pub(crate) fn receiver_of(blob: &str) -> Option<String> {
    let (folder, name) = blob.rsplit_once('/')?;
    if name.starts_with(OF_MESSAGE) {
        return keys::id_of_folder(folder);
    }
    name.starts_with(OF_MESSAGE_BY_ID).then(|| folder.to_owned())
}

/// Whether the message in a blob of that name starts an execution.
pub(crate) fn is_start(blob: &str) -> bool {
    blob.ends_with(START_MESSAGE)
}

/// What the names of a row's blobs are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming<'a> {
    /// The partition key of the instance.
    pub(super) instance_key: &'a str,
    /// The row key; empty for the Instances row.
    pub(super) row_key: &'a str,
    /// The type of the event; none: the column's own name stands for it, as for the Instances row.
    pub(super) event_type: Option<&'a str>,
    /// Random, so that two hosts that write the same row do not overwrite each other's blob.
    pub(super) salt: u32,
}

impl Naming<'_> {
    /// The blob of one column.
    pub(super) fn blob(&self, column: &str) -> String {
        let Self { instance_key, row_key, event_type, salt } = self;
        let event_type = event_type.unwrap_or(column);
        // What is no key is no key of an instance, and read nowhere.
        let folder = keys::unescape(instance_key).map_or_else(|| (*instance_key).to_owned(), |id| keys::folder(&id));
        format!("{folder}/{OF_HISTORY}{row_key}-{event_type}-{salt:08X}-{column}.json.gz")
    }
}

/// The blob of a queue message to that instance.
pub(super) fn message_blob(instance_id: &str, activity_id: [u8; 16], event_type: &str) -> String {
    let (folder, activity_id) = (keys::folder(instance_id), u128::from_be_bytes(activity_id));
    format!("{folder}/{OF_MESSAGE}{activity_id:032x}-{event_type}.json.gz")
}

/// The column of the Instances row that DurableTask never writes to a blob.
pub(crate) const CUSTOM_STATUS: &str = "CustomStatus";

/// Whether a text is too long for a column.
pub(super) fn is_too_long(column: &str, text: &str) -> bool {
    let most = if column == CUSTOM_STATUS { CUSTOM_STATUS_UNITS_MAX } else { COLUMN_UNITS_MAX };
    // No text has more UTF-16 units than UTF-8 bytes.
    text.len() > most && text.encode_utf16().count() > most
}

/// Replaces every text that is too long by an empty one; answers the columns and their blobs, to be named in the row.
pub(super) fn move_out(entity: &mut Entity, naming: Naming<'_>) -> Vec<(String, Overflow)> {
    let mut moved = Vec::new();
    for (column, value) in &mut entity.0 {
        if let Value::Text(text) = value
            && is_too_long(column, text)
        {
            let text = std::mem::take(text);
            moved.push((column.clone(), Overflow { name: naming.blob(column), bytes: gzip(text.as_bytes()) }));
        }
    }
    moved
}

/// Says in `{Column}BlobName` where the values of columns are.
pub(super) fn name_blobs(entity: &mut Entity, blobs: &[(String, Overflow)]) {
    for (column, overflow) in blobs {
        entity.set(&format!("{column}{BLOB_NAME}"), Value::Text(overflow.name.clone()));
    }
}

/// The columns of a row whose values are in blobs, with the names of those. Their texts go back by [`put_back`].
pub(crate) fn blob_columns(entity: &Entity) -> Vec<(String, String)> {
    // A merged row says itself which ones count, because names of older blobs may have stayed behind.
    let counts = |column: &str| match entity.0.get(IN_BLOBS) {
        Some(Value::Text(columns)) => columns.split(',').any(|counts| counts == column),
        _ => true,
    };
    let of_column = |(name, value): (&String, &Value)| match (name.strip_suffix(BLOB_NAME), value) {
        (Some(column), Value::Text(blob)) if !column.is_empty() && !blob.is_empty() && counts(column) => {
            Some((column.to_owned(), blob.clone()))
        }
        _ => None,
    };
    entity.0.iter().filter_map(of_column).collect()
}

/// Puts back the value of a column from the content of its blob.
///
/// # Errors
/// The blob is no compressed text, or too large.
pub(crate) fn put_back(entity: &mut Entity, column: &str, blob: &[u8]) -> Result<(), LayoutError> {
    entity.set(column, Value::Text(gunzip_text(blob)?));
    Ok(())
}

/// Compresses the content of a blob.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to a Vec cannot fail")
}

/// Unpacks the content of a blob, of at most `limit` bytes.
///
/// # Errors
/// `Unpack`, `TooLarge`.
pub(crate) fn gunzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>, LayoutError> {
    let mut unpacked = Vec::new();
    // One more than allowed tells too much from just enough.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    GzDecoder::new(bytes).take(most).read_to_end(&mut unpacked).map_err(LayoutError::Unpack)?;
    if unpacked.len() > limit { Err(LayoutError::TooLarge) } else { Ok(unpacked) }
}

/// Unpacks the content of a blob that is a text: a message, or the value of a column.
///
/// # Errors
/// `Unpack`, `TooLarge`, `Malformed`.
pub(crate) fn gunzip_text(bytes: &[u8]) -> Result<String, LayoutError> {
    String::from_utf8(gunzip(bytes, UNPACKED_BYTES_MAX)?).map_err(|_| LayoutError::Malformed { name: "a blob's text" })
}

/// The name of the blob that a text is the address of; none if it is no address within that container.
pub(super) fn blob_of_url(text: &str, container_url: &str) -> Option<String> {
    let path = text.strip_prefix(container_url.trim_end_matches('/'))?.strip_prefix('/')?;
    if !looks_like_url(text) {
        return None;
    }
    let name = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    (!name.is_empty()).then(|| name.into_owned())
}

/// Whether a reader of DurableTask would take a text for an address and follow it.
pub(super) fn looks_like_url(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    };
    // No well-formed address has one of these. JSON other than numbers and words does.
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"<>\\^`{|}".contains(c);
    text.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme)) && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests;
