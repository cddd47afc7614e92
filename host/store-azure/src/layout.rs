//! The DurableTask storage layout: names, keys, rows and messages. Pure.
//!
//! ```text
//! History    PartitionKey = keys::escape(id)   event rows, `sentinel`, `outbox`
//! Instances  PartitionKey = keys::escape(id)   RowKey ""
//! queues     placement::partition_of(id)       message::encode
//! blobs      whatever is too large for the above, see overflow
//! ```
//!
//! Columns that DurableTask knows keep its names and types; ours begin with `Rondo`. All of it is persisted, and read
//! by programs that are not ours: names never change.

mod columns;
mod error;
pub(crate) mod events;
pub(crate) mod instance;
mod json;
pub(crate) mod keys;
mod limits;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod overflow;
pub(crate) mod placement;
pub(crate) mod sentinel;
#[cfg(test)]
mod testing;
pub(crate) mod times;

use azure::Entity;

pub(crate) use error::LayoutError;
pub(crate) use limits::UNPACKED_BYTES_MAX;

/// An entity, and the blobs that have to be stored before it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Row {
    pub(crate) entity: Entity,
    pub(crate) blobs: Vec<Overflow>,
}

/// A blob of the container for large payloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overflow {
    /// Its name within the container, not percent-encoded.
    pub(crate) name: String,
    /// Its content, compressed.
    pub(crate) bytes: Vec<u8>,
}
