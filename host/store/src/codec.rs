//! The layout of stored events and messages: one byte of version, then CBOR.
//!
//! ```text
//! batch    01 first-id first-at [ delta kind delta kind … ]     ids are dense; delta: milliseconds after first-at
//! message  01 message
//! ```
//!
//! Kinds and messages are as `engine` numbers them; fields that are not known are skipped, so that an older program
//! can read what a newer one of the same version wrote. Bytes from a disk may be anything: reading never panics.

use engine::{EventId, EventKind, HistoryEvent, Message, Timestamp};
use minicbor::{Decoder, Encoder};

/// The version that is written. Older ones stay readable.
const VERSION: u8 = 1;

/// Why a batch of events cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// There is no event in it.
    #[error("a batch without events")]
    Empty,
    /// The events are not consecutive.
    #[error("event {found} after event {before}")]
    NotDense {
        /// An event.
        before: EventId,
        /// The one after it.
        found: EventId,
    },
}

/// Why stored bytes cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is nothing at all, or less than there should be.
    #[error("the data is cut off")]
    Truncated,
    /// Written by a newer program, or not by this kind of program.
    #[error("unknown format version {found}")]
    UnknownVersion {
        /// The version byte.
        found: u8,
    },
    /// It does not have the layout that its version says.
    #[error("malformed data")]
    Malformed(#[source] minicbor::decode::Error),
    /// The layout is right, but something follows.
    #[error("{count} bytes too many")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
}

impl From<minicbor::decode::Error> for DecodeError {
    fn from(error: minicbor::decode::Error) -> Self {
        if error.is_end_of_input() { Self::Truncated } else { Self::Malformed(error) }
    }
}

/// Encodes consecutive events.
pub fn encode_events(events: &[HistoryEvent]) -> Result<Vec<u8>, EncodeError> {
    let first = events.first().ok_or(EncodeError::Empty)?;
    if let Some([before, found]) = events.array_windows().find(|[a, b]| a.id.0.checked_add(1) != Some(b.id.0)) {
        return Err(EncodeError::NotDense { before: before.id, found: found.id });
    }
    let mut encoder = begin();
    infallible(encoder.u64(first.id.0));
    infallible(encoder.encode(first.at));
    infallible(encoder.array(2 * events.len() as u64));
    for event in events {
        // Wrapping here and when read, so that every time survives, whatever a clock said.
        infallible(encoder.i64(event.at.as_millis().wrapping_sub(first.at.as_millis()).cast_signed()));
        infallible(encoder.encode(&event.kind));
    }
    Ok(encoder.into_writer())
}

/// Decodes a batch.
pub fn decode_events(bytes: &[u8]) -> Result<Vec<HistoryEvent>, DecodeError> {
    let mut events = Vec::new();
    decode_events_into(bytes, &mut events)?;
    Ok(events)
}

/// Decodes a batch and appends its events to `events`; after an error some of them may have been appended.
pub fn decode_events_into(bytes: &[u8], events: &mut Vec<HistoryEvent>) -> Result<(), DecodeError> {
    let mut decoder = open(bytes)?;
    let first_id = decoder.u64()?;
    let first_at: Timestamp = decoder.decode()?;
    let length = decoder.array()?.ok_or_else(|| malformed("an array of unknown length"))?;
    if length % 2 != 0 || first_id.checked_add(length / 2).is_none() {
        return Err(malformed("an impossible number of events"));
    }
    for id in first_id..first_id + length / 2 {
        let delta = decoder.i64()?.cast_unsigned();
        let kind: EventKind = decoder.decode()?;
        let at = Timestamp::from_millis(first_at.as_millis().wrapping_add(delta));
        events.push(HistoryEvent { id: EventId(id), at, kind });
    }
    close(&decoder)
}

/// Encodes a message.
pub fn encode_message(message: &Message) -> Vec<u8> {
    let mut encoder = begin();
    infallible(encoder.encode(message));
    encoder.into_writer()
}

/// Decodes a message.
pub fn decode_message(bytes: &[u8]) -> Result<Message, DecodeError> {
    let mut decoder = open(bytes)?;
    let message = decoder.decode()?;
    close(&decoder)?;
    Ok(message)
}

fn begin() -> Encoder<Vec<u8>> {
    Encoder::new(vec![VERSION])
}

fn infallible<T>(result: Result<T, minicbor::encode::Error<std::convert::Infallible>>) {
    result.map(drop).expect("writing to a Vec cannot fail, and no type of ours refuses to be encoded");
}

fn open(bytes: &[u8]) -> Result<Decoder<'_>, DecodeError> {
    match bytes.split_first() {
        None => Err(DecodeError::Truncated),
        Some((&VERSION, rest)) => Ok(Decoder::new(rest)),
        Some((&found, _)) => Err(DecodeError::UnknownVersion { found }),
    }
}

fn close(decoder: &Decoder<'_>) -> Result<(), DecodeError> {
    match decoder.input().len() - decoder.position() {
        0 => Ok(()),
        count => Err(DecodeError::TrailingBytes { count }),
    }
}

fn malformed(problem: &'static str) -> DecodeError {
    DecodeError::Malformed(minicbor::decode::Error::message(problem))
}

#[cfg(test)]
mod tests;
