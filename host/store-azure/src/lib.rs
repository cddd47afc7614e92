//! The backend on Azure Storage: many hosts, one task hub.
//!
//! Tables, queues and blobs are those of a DurableTask task hub, so that its clients can start and query orchestrations
//! and its monitors show them; see `layout`. What makes a turn durable, and what each crash leaves, is in `commit`.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod activities;
mod backend;
mod backlog;
mod commit;
mod core;
mod damage;
mod dispatch;
mod dropped;
mod heads;
mod health;
pub mod hub;
mod large;
mod layout;
mod limits;
mod load;
mod ops;
mod options;
mod orphan;
mod outgoing;
#[cfg(feature = "test-support")]
pub mod outside;
mod owned;
mod partitions;
mod pump;
mod renewer;
mod rewound;
mod steady;
mod supersede;
mod version;

pub use backend::AzureBackend;
pub use options::Options;
pub use partitions::{Always, Hold, LeaseOptions, Leases, Ownership};
