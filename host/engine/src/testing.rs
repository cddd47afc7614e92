//! For tests of this and other crates: guests that are closures, and a session that runs work items in text form.
//!
//! Histories and messages are written in the form of [`crate::text`]; what a work item led to is rendered for snapshots.

mod actions;
mod guest;
mod outcome;
mod session;

pub use actions::{
    cancel, child, complete, continue_as_new, custom_status, detached, fail, log, retry, schedule, schedule_with,
    send_event, sub, sub_with, timer, wait_event,
};
pub use guest::{ScriptedGuests, script};
pub use outcome::render_outcome;
pub use session::{Session, check};
