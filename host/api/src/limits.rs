//! Every bound of the HTTP surface, each with the reason for its number.

use std::time::Duration;

/// A request's query: ids and names are short, and proxies cut at about this length.
pub const QUERY_BYTES_MAX: usize = 16 * 1024;

/// Instances of one page when the client does not say; Durable Functions has the same number.
pub const PAGE_INSTANCES_DEFAULT: usize = 100;

/// Events of one history page: a page of ordinary events stays below a megabyte.
pub const HISTORY_EVENTS_PER_PAGE: usize = 1_000;

/// Events that a status shows with `showHistory`: the answer is made in memory, whole, since later events change what is
/// shown of earlier ones.
pub const HISTORY_EVENTS_SHOWN_MAX: usize = 20_000;

/// Bytes of these events, as far as they are shown.
pub const HISTORY_BYTES_SHOWN_MAX: usize = 24 * 1024 * 1024;

/// Answers that are on their way to clients, all together, as far as they are not small. A container of one gibibyte has
/// it beside its orchestrations.
pub const ANSWERS_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Room for a page of a list or of a history, until it is known how large it is: what was read, which is a full page and
/// by then one largest payload, and the same as JSON.
pub const PAGE_ROOM_BYTES: usize = 2 * (store::limits::PAGE_BYTES_MAX + engine::limits::PAYLOAD_BYTES_MAX);

/// Room for a status with its history: entries, their JSON, and the page that is being read.
pub const SHOWN_HISTORY_ROOM_BYTES: usize = 2 * HISTORY_BYTES_SHOWN_MAX + PAGE_ROOM_BYTES;

/// What a small answer is: as many as connections take up less than the room above.
pub const SMALL_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Instances that are looked at together before it is known how large they are: few enough that the largest fit into
/// memory, and enough for thousands a second.
pub const LOOKS_AT_ONCE_MAX: usize = 32;

/// How long an answer waits for room: slow readers before it are dropped after as long.
pub const ANSWER_ROOM_TIMEOUT: Duration = Duration::from_secs(30);

/// Answers are handed over in pieces of this size.
pub const ANSWER_PIECE_BYTES: usize = 64 * 1024;

/// What an entry of a shown history counts beside its payloads.
pub const SHOWN_EVENT_BYTES: usize = 256;

/// Events of a history that are read at once to find children: their ids are all that is kept of them.
pub const TREE_EVENTS_PER_PAGE: usize = 200;

/// How deep children may be nested that are purged with their parent: a page of ids is kept for each level.
pub const TREE_DEPTH_MAX: usize = 1_000;

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

/// Component files deployed at the same time: each is compiled, which takes memory and all cores.
pub const DEPLOYMENTS_AT_ONCE_MAX: usize = 2;

/// Events at the beginning of a history among which its first turn says which execution it is: what can come before
/// that are a few messages that were sent together with the start.
pub const HISTORY_HEAD_EVENTS: usize = 32;

/// Histories that may be followed at the same time. Each reader has a task, and a few events in memory.
pub const STREAMS_AT_ONCE_MAX: usize = 500;

/// Events that are read at once for one reader who follows.
pub const FOLLOW_EVENTS_PER_READ_MAX: usize = 64;

/// Beyond this a reader's next read asks for half as many events: so much of a history lies in memory for each reader.
pub const FOLLOW_BYTES_PER_READ: usize = 256 * 1024;

/// Room in memory for what is read for a reader who follows, until it is known how large that is.
pub const FOLLOW_ROOM_BYTES_MIN: usize = 64 * 1024;

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

/// How deep the JSON of a payload may be nested that is embedded in a document of ours; deeper it is shown as text. The
/// parsers of .NET take 64 levels in all, and a page of events has up to five around a payload.
pub const EMBEDDED_DEPTH_MAX: usize = 56;

/// How long a client may take for the next part of a body. It is the time without progress that counts: the largest
/// component over a slow line takes its time.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What counts as progress of a body: two kilobytes a second, so that a byte now and then does not.
pub const BODY_PROGRESS_BYTES: usize = 64 * 1024;

/// Bodies of requests other than components on their way here, all together: some of the largest, or many usual ones.
pub const INPUTS_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Component files on their way here or being deployed, all together: four of the largest.
pub const UPLOADS_BYTES_MAX: usize = 4 * store::limits::COMPONENT_BYTES_MAX;

/// The shortest key: 16 random letters and digits are beyond guessing, at whatever rate.
pub const KEY_BYTES_MIN: usize = 16;

/// Wrong keys that a client may send at once: somebody who has mistyped one, or a monitor with an old one.
pub const WRONG_KEYS_AT_ONCE: u32 = 10;

/// How often a client may then send another one without being answered later.
pub const WRONG_KEY_INTERVAL: Duration = Duration::from_secs(1);

/// The longest that the answer to a wrong key is held back: below the time that clients wait for an answer.
pub const WRONG_KEY_DELAY_MAX: Duration = Duration::from_secs(5);

/// Clients whose wrong keys are remembered, for some seconds each; further ones share one place. About 60 bytes each.
pub const WRONG_KEY_CLIENTS_MAX: usize = 4_096;
