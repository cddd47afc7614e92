//! What clients ask for, one operation each.

mod components;
mod create;
mod history;
mod hold;
mod list;
mod purge;
mod purge_blobs;
mod read;
mod release;
mod send;

pub(crate) use purge::COMPLETED_TIME;
