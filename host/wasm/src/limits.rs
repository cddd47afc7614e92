//! Every bound of this crate that is no option, each with the reason for its number.

use std::mem::size_of;
use std::time::Duration;

use crate::wire;

/// A component file. The largest language runtimes take 20 MB.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

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

/// Resources of the host that one guest may hold: streams, pollables, requests. Each costs the host some hundred bytes.
pub(crate) const HANDLES_MAX: usize = 10_000;

/// How often deadlines are looked at: short against any deadline, long against the cost of a thread that wakes up.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The native stack of one guest; a thread that runs orchestrators needs twice that.
pub(crate) const STACK_BYTES_MAX: usize = 1024 * 1024;

/// Frames of a trap's backtrace that are kept.
pub(crate) const BACKTRACE_FRAMES_MAX: usize = 32;

/// Lines of a guest's last output that are kept with its failure.
pub(crate) const LAST_OUTPUT_LINES_MAX: usize = 20;
