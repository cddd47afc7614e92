//! Every bound of the HTTP surface, each with the reason for its number.

use std::time::Duration;

/// A request's query: ids and names are short, and proxies cut at about this length.
pub const QUERY_BYTES_MAX: usize = 16 * 1024;

/// Instances of one page when the client does not say; Durable Functions has the same number.
pub const PAGE_INSTANCES_DEFAULT: usize = 100;

/// Events of one history page: a page of ordinary events stays below a megabyte.
pub const HISTORY_EVENTS_PER_PAGE: usize = 1_000;

/// Events that a status shows with `showHistory`: the answer is made in memory, whole.
pub const HISTORY_EVENTS_SHOWN_MAX: usize = 20_000;

/// The longest a waiting request is held: below the idle timeout of common proxies.
pub const WAIT_MAX: Duration = Duration::from_secs(55);

/// How long a waiting request is held when the client does not say.
pub const WAIT_DEFAULT: Duration = Duration::from_secs(30);

/// Held instances that one deployment releases; the answer says when there are more, and deploying again goes on.
pub const RELEASES_PER_DEPLOYMENT_MAX: usize = 10_000;

/// Released instances that the answer to a deployment names one by one.
pub const RELEASES_NAMED_MAX: usize = 100;

/// Names that a problem lists: as many as a person reads.
pub const NAMES_IN_PROBLEM_MAX: usize = 50;

/// A trace header; the W3C asks for at least 512 bytes of state. Longer ones are dropped, as they only help observers.
pub const TRACE_HEADER_BYTES_MAX: usize = 512;

/// Hex digits that a shortened digest must have, so that it is not ambiguous by accident.
pub const DIGEST_PREFIX_DIGITS_MIN: usize = 6;

/// Bytes of the grants of a deployment: a list of hosts, variables and folders.
pub const GRANTS_BYTES_MAX: usize = 64 * 1024;

/// What a client that met a full hub waits before it tries again.
pub const OVERLOAD_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Component files taken in at the same time; each is held in memory whole.
pub const UPLOADS_AT_ONCE_MAX: usize = 2;

/// Events at the beginning of a history among which its first turn says which execution it is: what can come before
/// that are a few messages that were sent together with the start.
pub const HISTORY_HEAD_EVENTS: usize = 32;

/// Histories that may be followed at the same time. Each reader has a task, and a few events in memory.
pub const STREAMS_AT_ONCE_MAX: usize = 500;

/// Events that are read at once for one reader who follows.
pub const FOLLOW_EVENTS_PER_READ_MAX: usize = 64;

/// Beyond this a reader's next read asks for half as many events: so much of a history lies in memory for each reader.
pub const FOLLOW_BYTES_PER_READ: usize = 256 * 1024;

/// How often a followed history is looked at when nobody says that its instance has changed.
pub const FOLLOW_POLL: Duration = Duration::from_secs(3);

/// How often a reader who follows hears something when there is nothing to say: below the idle timeout of common
/// proxies.
pub const FOLLOW_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long a reader whose connection was lost waits before it comes back.
pub const FOLLOW_RETRY: Duration = Duration::from_secs(1);

/// A reader that takes nothing for so long while something waits for it is dropped; it can come back and go on.
pub const SLOW_READER_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest a start waits for the end: what Durable Functions' hosts in the cloud have, too.
pub const START_WAIT_MAX: Duration = Duration::from_secs(230);

/// How long a body may take to arrive: the largest component over a slow line.
pub const BODY_TIMEOUT: Duration = Duration::from_mins(5);

/// How deep the JSON of a payload may be nested that is embedded in a document of ours; deeper it is shown as text. The
/// parsers of .NET take 64 levels in all, and a page of events has up to five around a payload.
pub const EMBEDDED_DEPTH_MAX: usize = 56;
