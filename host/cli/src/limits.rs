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

/// What takes longer than this is told of while it goes on: people begin to wonder.
pub(crate) const SLOW_AFTER: Duration = Duration::from_secs(2);

/// Connections at the same time; further ones wait in the kernel's queue. Each is a task and a few kilobytes.
pub(crate) const CONNECTIONS_MAX: usize = 4_096;

/// How long a connection may be idle, or take to send the head of a request: more than common proxies keep one.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long a client may take to agree on TLS.
pub(crate) const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause after a connection that could not be accepted.
pub(crate) const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How long a command that waits goes on while the server does not answer: a restart with a large log to replay.
pub(crate) const RECONNECT_MAX: Duration = Duration::from_mins(2);

/// The first pause before a server that does not answer is tried again; doubled each time.
pub(crate) const RECONNECT_REST_MIN: Duration = Duration::from_millis(100);

/// The longest of these pauses.
pub(crate) const RECONNECT_REST_MAX: Duration = Duration::from_secs(3);

/// How long one connection follows a history; then another goes on, so that one that broke silently is noticed.
pub(crate) const FOLLOW_ROUND: Duration = Duration::from_mins(2);

/// One message of a followed history: an event with the largest payload.
pub(crate) const MESSAGE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// How deep `history` looks into children of children.
pub(crate) const NESTING_MAX: usize = 8;

/// Children whose histories one `history` shows; of further ones it shows what their parents know.
pub(crate) const NESTED_MAX: usize = 200;

/// Before a longer body the server is asked whether it wants it: one more round trip, against sending it for nothing.
pub(crate) const BODY_ASKED_FIRST_BYTES: usize = 64 * 1024;

/// Spans that may wait for the collector, whatever the environment asks for: about a kilobyte each.
pub(crate) const TRACE_SPANS_WAITING_MAX: usize = 65_536;

/// Spans sent together, whatever the environment asks for: far below what collectors take in one request.
pub(crate) const TRACE_SPANS_PER_BATCH_MAX: usize = 4_096;

/// One request to the collector, its answer included; OpenTelemetry's default.
pub(crate) const TRACE_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A collector's answer: a few bytes, or what it thinks of a batch.
pub(crate) const TRACE_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How long a shutdown waits for the last spans to be sent.
pub(crate) const TRACE_FLUSH_MAX: Duration = Duration::from_secs(5);
