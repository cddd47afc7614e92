//! The surface over the memory backend: requests in, statuses and bodies out.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod access;
mod deploying;
mod described;
mod following;
mod hub;
mod metrics;
mod querying;
mod starting;
mod steering;
mod waiting;
