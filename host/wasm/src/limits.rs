//! Every bound of this crate that is no option, each with the reason for its number.

use std::mem::size_of;
use std::time::Duration;

use crate::wire;

/// A component file. The largest language runtimes take 20 MB.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A component that is compiled. A module that was wrapped into one is a little larger than its file.
pub(crate) const COMPILER_INPUT_BYTES_MAX: u64 = 2 * FILE_BYTES_MAX as u64;

/// The machine code of one component: Python's 18 MiB become 35.
pub(crate) const COMPILER_CODE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// What is read of the compiler's words.
pub(crate) const COMPILER_SAYS_BYTES_MAX: u64 = 8 * 1024;

/// Threads that compile one component: they share its memory, and more would hardly be quicker.
pub(crate) const COMPILER_THREADS_MAX: usize = 8;

/// How long compiling may take by the clock on the wall. The limit for what it computes comes first, on all but the
/// busiest machines.
pub(crate) const COMPILER_DEADLINE: Duration = Duration::from_mins(10);

/// What a component may offer of each kind; a list longer than this is not meant for people.
pub(crate) const DEFINITIONS_MAX: usize = 1_000;

/// A description: one sentence.
pub(crate) const DESCRIPTION_BYTES_MAX: usize = 2_000;

/// Actions of one turn that are looked at: what the engine allows, and room for log lines that it will drop.
pub(crate) const ACTIONS_PER_TURN_MAX: usize = engine::limits::ACTIONS_PER_TURN_MAX + 80_000;

/// What the host copies out of a guest for one turn: all texts and the actions around them.
pub(crate) const TURN_COPY_BYTES_MAX: usize =
    engine::limits::TURN_BYTES_MAX + ACTIONS_PER_TURN_MAX * size_of::<wire::Action>();

/// What the host copies out of a guest for one call that replays many turns. A replay that needs more is repeated turn
/// by turn, so this is no limit on histories.
pub(crate) const REPLAY_COPY_BYTES_MAX: usize = 4 * TURN_COPY_BYTES_MAX;

/// Texts handed to a guest in one call, unless a single turn holds more. A guest's memory never shrinks, so a long
/// history is not poured into it all at once.
pub(crate) const CALL_INPUT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the host copies out of an activity for its result, and for any call of the activity into the host.
pub(crate) const ACTIVITY_COPY_BYTES_MAX: usize = engine::limits::PAYLOAD_BYTES_MAX + 1024 * 1024;

/// Resources of the host that one guest may hold: streams, pollables, requests. Each costs the host some hundred bytes
/// by itself; what is behind those of an activity is bounded by [`KEPT_BYTES_MAX`].
pub(crate) const HANDLES_MAX: usize = 10_000;

/// What the host keeps in memory behind the handles of one attempt: headers, bodies, buffers. A quarter of the memory
/// that the attempt may have itself, and enough for a few hundred requests at the same time.
pub(crate) const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One write into the body of a request; two of them may wait in the host.
pub(crate) const BODY_CHUNK_BYTES: usize = 64 * 1024;

/// Headers of one request: servers take 8 to 64 KiB.
pub(crate) const HEADERS_BYTES_MAX: usize = 128 * 1024;

/// What the HTTP client reads ahead of one response, at most.
pub(crate) const INCOMING_BUFFER_BYTES: usize = 512 * 1024;

/// Requests of one attempt that are on their way at the same time, each on a connection of its own: more than clients
/// keep to all their servers, and few enough that a host's files and buffers go round.
pub(crate) const CONNECTIONS_MAX: usize = 64;

/// Random bytes in one call; programs ask for some dozen.
pub(crate) const RANDOM_BYTES_MAX: u64 = 1024 * 1024;

/// What one attempt of an activity may print, [`OUTPUT_LINE_BYTES`] for each line included. What it prints afterwards
/// is not logged; the last lines still go into the details of its failure.
pub(crate) const ACTIVITY_OUTPUT_BYTES_MAX: usize = 1024 * 1024;

/// What a line costs beside its text: time, level, and whose it is.
pub(crate) const OUTPUT_LINE_BYTES: usize = 256;

/// How often deadlines are looked at: short against any deadline, long against the cost of a thread that wakes up.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The native stack of one guest; a thread that runs orchestrators needs twice that.
pub(crate) const STACK_BYTES_MAX: usize = 1024 * 1024;

/// Frames of a trap's backtrace that are kept.
pub(crate) const BACKTRACE_FRAMES_MAX: usize = 32;

/// Lines of a guest's last output that are kept with its failure.
pub(crate) const LAST_OUTPUT_LINES_MAX: usize = 20;

/// Of a used linear memory, the first bytes are cleared by hand; the pages of the others are given back to the kernel.
pub(crate) const LINEAR_MEMORY_CLEARED_BYTES: usize = 128 * 1024;

/// The same of a table: one page, which holds the tables of most guests.
pub(crate) const TABLE_CLEARED_BYTES: usize = 4 * 1024;

/// One step of an HTTP request for which the guest names no limit: connecting, the head of the response, a pause in its
/// body. As long as an attempt may take.
pub(crate) const HTTP_STEP_TIMEOUT: Duration = Duration::from_mins(10);

/// Folders that one deployment may grant: each is an open file for every attempt that runs.
pub(crate) const GRANTED_DIRS_MAX: usize = 32;
