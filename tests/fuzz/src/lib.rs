//! Every reader of bytes from outside, as a function over any bytes.
//!
//! None of them may panic, hang or allocate without bound, whatever the bytes; what they accept must survive being
//! written and read again. The programs in `targets/` hand them to libFuzzer, the tests hand them the corpora.

mod actions;
mod component;
mod http_request;
mod queue_message;
mod stored_events;
mod table_row;

pub use actions::actions;
pub use component::component;
pub use http_request::http_request;
pub use queue_message::queue_message;
pub use stored_events::stored_events;
pub use table_row::table_row;

/// A reader that takes any bytes.
pub type Target = fn(&[u8]);

/// All of them, by the name of their program and of their folder in `corpus/`.
pub const TARGETS: [(&str, Target); 6] = [
    ("actions", actions),
    ("component", component),
    ("http_request", http_request),
    ("queue_message", queue_message),
    ("stored_events", stored_events),
    ("table_row", table_row),
];
