//! Every bound of the binary, each with the reason for its number.

use std::time::Duration;

/// Components kept ready to run beside the newest of each name, which always are: machine code is some megabytes each.
pub(crate) const PINNED_COMPONENTS_LOADED_MAX: usize = 64;

/// Orchestrations that are named to whoever has asked for one that is not offered: what fits a line or two.
pub(crate) const OFFERED_NAMED_MAX: usize = 10;

/// How often a host looks again at instances that wait for an orchestration that nobody offers. It does nothing while
/// there are none.
pub(crate) const WAITING_LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Of these instances, those that are looked at each time in memory, and those whose rows are read.
pub(crate) const WAITING_LOOKED_AT_MAX: usize = 1_000;
/// See above: a request each on Azure Storage.
pub(crate) const WAITING_READ_MAX: usize = 5;

/// Orchestrations that nobody offers and that have a series of their own; all others share one.
pub(crate) const WAITING_SERIES_MAX: usize = 20;

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

/// Connections at the same time, if the operating system allows as many descriptors; beyond that, idle ones are closed.
/// Each is a task and a few kilobytes.
pub(crate) const CONNECTIONS_MAX: usize = 4_096;

/// Connections beyond that, which may only ask how the host is: probes of a few supervisors and load balancers.
pub(crate) const CONNECTIONS_SPARE: usize = 32;

/// Descriptors that are kept free of connections, for storage (a file or two and their logs, or some dozens of
/// connections to Azure), for files of components, and for what activities open: each of some hundreds a socket or two.
pub(crate) const DESCRIPTORS_ELSEWHERE: usize = 1_024;

/// How long a connection may be without a request: more than common proxies keep one.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// How long a client may take from the first byte of a request to the end of its head, which fits into a few packets.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(20);

/// The head of a request: the longest grants and the longest query, with room for what proxies add. What is read and
/// written at once has the same bound.
pub(crate) const HEAD_BYTES_MAX: usize = 128 * 1024;

/// How long a client may leave an answer unread. It is the time without progress that counts: who reads slowly may read
/// for days.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// What counts as progress of a client that reads: half a kilobyte a second, so that a byte now and then does not.
pub(crate) const READ_PROGRESS_BYTES: usize = 16 * 1024;

/// Answers are handed over in pieces of this size: a slow client gets one across within the time above.
pub(crate) const ANSWER_PIECE_BYTES_MAX: usize = 16 * 1024;

/// What the kernel takes of an answer beyond what is on the line.
pub(crate) const UNSENT_BYTES: u32 = 64 * 1024;

/// Requests at the same time on one connection of HTTP/2; what its specification recommends as the least.
pub(crate) const HTTP2_STREAMS_MAX: u32 = 100;

/// What one answer on HTTP/2 may have on its way to a client.
pub(crate) const HTTP2_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How often a connection of HTTP/2 without traffic is asked whether its client is still there.
pub(crate) const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(30);

/// How long the answer to that may take.
pub(crate) const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Addresses that are read of the way a request has come through proxies.
pub(crate) const FORWARDED_MAX: usize = 16;

/// How long a client may take to agree on TLS.
pub(crate) const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause after a connection that could not be accepted.
pub(crate) const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How long a command that waits goes on while the server does not answer, unless told otherwise: a restart with a large
/// log to replay.
pub(crate) const RECONNECT_DEFAULT: &str = "2m";

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

/// Bytes of the log that wait to be written: some ten thousand lines, a burst that any disk takes in a second.
pub(crate) const LOG_BYTES_WAITING_MAX: usize = 8 * 1024 * 1024;

/// How much of it lines of guests may fill, so that the host's own lines find room whatever guests print.
pub(crate) const LOG_GUEST_BYTES_WAITING_MAX: usize = 6 * 1024 * 1024;

/// How long the end of the process waits for the last lines to be written.
pub(crate) const LOG_FLUSH_MAX: Duration = Duration::from_secs(2);

/// A file with a key: keys are some dozen characters.
pub(crate) const KEY_FILE_BYTES_MAX: u64 = 4 * 1024;

/// How much later than asked for the answer to a waiting call may come before its server counts as lost.
pub(crate) const WAIT_ANSWER_GRACE: Duration = Duration::from_secs(30);
