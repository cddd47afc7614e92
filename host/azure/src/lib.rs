//! Azure Storage as verbs with typed outcomes: tables, queues and blobs.
//!
//! Nothing of an SDK crosses this crate. A [`Medium`] speaks of entities with etags, messages with receipts and blobs;
//! it retries nothing, and whoever calls it learns of every failure what is known: see [`Error`].
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod account;
mod blobs;
mod cloud;
mod counted;
mod datetime;
mod edm;
mod entity;
mod error;
#[cfg(feature = "test-support")]
pub mod fake;
mod hub_name;
pub mod limits;
mod queues;
mod tables;

pub use account::{Account, AccountError};
pub use blobs::{BlobPage, Blobs, Container};
pub use cloud::{Cloud, ConnectError, ConnectOptions, QUIET_LOG_TARGETS, connect};
pub use counted::{Counted, Counts, RequestKind, RequestOutcome, Service};
pub use entity::{Entity, Value, WrongType};
pub use error::{Error, Refused};
pub use hub_name::{BadHubName, HubName};
pub use queues::{Queue, QueueMessage, Queues, Receipt};
pub use tables::{Condition, ETag, Key, Page, PageEnd, Query, Table, Tables, Verb, Versioned, Write, quoted};

/// A storage account, and in it one task hub.
pub trait Medium: Tables + Queues + Blobs {}

impl<T: Tables + Queues + Blobs> Medium for T {}
