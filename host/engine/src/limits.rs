//! Every bound of the engine, each with the reason for its number.

/// Azure Table keys hold 1 KiB of UTF-16; escaping can double an id.
pub const INSTANCE_ID_BYTES_MAX: usize = 256;

/// Names of orchestrations, activities and events, and failure kinds: labels in logs and metrics, not data.
pub const NAME_BYTES_MAX: usize = 200;

/// A single payload. More belongs into a blob of the user's own, with its address as the payload.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// All payloads that one turn decides; keeps one commit well inside what a backend can write at once.
pub const TURN_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Actions of one turn. A larger fan-out is better split into children.
pub const ACTIONS_PER_TURN_MAX: usize = 20_000;

/// Log lines kept of one turn; further ones are counted and dropped.
pub const LOG_LINES_PER_TURN_MAX: usize = 1_000;

/// Bytes of one log line; the rest is cut.
pub const LOG_LINE_BYTES_MAX: usize = 16 * 1024;

/// Events of one execution. Replay takes about a microsecond each; continue-as-new is the way to run longer.
pub const HISTORY_EVENTS_MAX: u64 = 1_000_000;

/// Generations one work item may run through before its commit, so that an eager loop cannot hold a shard.
pub const CONTINUE_AS_NEW_PER_WORK_ITEM_MAX: u32 = 16;

/// Turns one work item may run because waits met events that were already there, for the same reason.
pub const TURNS_PER_WORK_ITEM_MAX: u32 = 1_000;

/// External events raised but not yet taken by a wait; more are a sender that ran away.
pub const BUFFERED_EVENTS_MAX: usize = 100_000;

/// External events of earlier generations that are still known by their keys. A sender repeats an event only until its own
/// next turn is committed, so that a repeat is one of the latest.
pub const EARLIER_EVENTS_MAX: usize = 256;

/// Tags of an instance.
pub const TAGS_MAX: usize = 64;

/// Text of a failure message; the rest is cut.
pub const FAILURE_MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// Attempts that a retry policy may ask for.
pub const RETRY_ATTEMPTS_MAX: u32 = 1_000_000;

/// Failure kinds that a retry policy may name.
pub const RETRY_KINDS_MAX: usize = 64;

/// Times and durations stay below this, so that languages whose numbers are doubles lose nothing.
pub const TIME_MS_MAX: u64 = (1 << 53) - 1;

/// Text of one side of a nondeterminism report; of longer ones the part around the first difference is shown.
pub const MISMATCH_TEXT_BYTES_MAX: usize = 2 * 1024;

/// Children without an answer that a generation remembers of those before it. Each generation writes them again, so that
/// an eternal loop which gives up a child in each round stays cheap; their ids fit into one column of a table.
pub const LEFT_CHILDREN_MAX: usize = 64;

/// Generations over which an execution is recognised as one that another came of, a hash each: some 20 ms for all of them.
/// Needed only for chains that were begun by builds which did not record the first generation.
pub const GENERATIONS_FOLLOWED_MAX: u32 = 100_000;
