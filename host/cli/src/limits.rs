//! Every bound of the binary, each with the reason for its number.

use std::time::Duration;

/// Components kept ready to run beside the newest of each name, which always are: machine code is some megabytes each.
pub(crate) const PINNED_COMPONENTS_LOADED_MAX: usize = 64;

/// Components compiled at the same time: the compiler uses all cores for one already.
pub(crate) const LOADS_AT_ONCE_MAX: usize = 2;

/// How often a host looks for what other hosts have deployed. New instances may begin on the component before for so long.
pub(crate) const DEPLOYED_REFRESH_INTERVAL: Duration = Duration::from_secs(3);

/// Connecting to a server, which usually is on this machine.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Waiting for an answer that the server does not hold back on purpose. A deployment compiles.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_mins(10);

/// One round of waiting for an instance: well below what the server allows.
pub(crate) const WAIT_ROUND: Duration = Duration::from_secs(20);

/// One round of it on a terminal, where the elapsed time is shown.
pub(crate) const WAIT_ROUND_SHOWN: Duration = Duration::from_secs(1);

/// An answer of the server: a page of a thousand events with large payloads.
pub(crate) const ANSWER_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// What a table or a timeline shows of one payload.
pub(crate) const PAYLOAD_CHARS_SHOWN: usize = 60;

/// How long open requests may take after a signal to stop; waiting ones are answered at once.
pub(crate) const REQUESTS_GRACE: Duration = Duration::from_secs(5);

/// How long a watched folder must be quiet before its files are read: compilers write in several steps.
pub(crate) const WATCH_QUIET: Duration = Duration::from_millis(200);

/// Instances that `list` shows when not told otherwise: what a person looks through.
pub(crate) const LIST_DEFAULT: usize = 100;
