//! The cases, by what they are about.
#![allow(missing_docs, reason = "the name of a case is the sentence it establishes")]

pub mod activity_queue;
pub mod changed;
pub mod commit;
pub mod components;
pub mod crash;
pub mod create;
pub mod fetch;
pub mod hold;
pub mod outbox;
pub mod payload;
pub mod purge;
pub mod query;
pub mod restart;
pub mod send;
pub mod shutdown;
pub mod wake;
