//! Every bound of the worker that is not an option, each with the reason for its number.

use std::time::Duration;

/// Work items waiting in front of one shard: enough that a shard never idles between two fetches, few enough that a
/// shutdown gives them back at once.
pub(crate) const SHARD_INBOX_WORK_ITEMS_MAX: usize = 256;

/// Messages a shard keeps in memory; above it takes no new work. 64 full work items.
pub(crate) const SHARD_MESSAGES_IN_HAND_MAX: usize = 64 * store::limits::MESSAGES_PER_WORK_ITEM_MAX;

/// Messages one turn takes in; as many as a backend hands out together, so that a commit stays of a size it expects.
pub(crate) const MESSAGES_PER_TURN_MAX: usize = store::limits::MESSAGES_PER_WORK_ITEM_MAX;

/// Inputs a shard takes before it runs the next turn: what arrived together is run together, but no flood delays turns.
pub(crate) const INPUTS_PER_BATCH_MAX: usize = 256;

/// What an idle slot costs beside its guest: the folded history, the row, the maps' entries; measured in order of
/// magnitude. Keeps an unlimited number of tiny guests from being free.
pub(crate) const SLOT_BYTES: usize = 4 * 1024;

/// Times a commit that was not done is tried before the instance is loaded anew; about 3 s with the backoff.
pub(crate) const COMMIT_ATTEMPTS_MAX: u32 = 6;

/// Times a load is tried before its messages are given back; about a minute with the backoff. A load that would lose
/// activity results is tried on: there is never more of those than activities were scheduled.
pub(crate) const LOAD_ATTEMPTS_MAX: u32 = 16;

/// Times a hold is tried before the instance is loaded anew.
pub(crate) const HOLD_ATTEMPTS_MAX: u32 = 8;

/// Messages of a shard that are given back at the same time. All others wait in line: after an outage there may be as
/// many as the backend holds in memory.
pub(crate) const ABANDONS_AT_ONCE_MAX: usize = 16;

/// The try to give messages back, about ten seconds after the first, after which it is said that storage does not take
/// them. It is said once, and tried on.
pub(crate) const ABANDON_ATTEMPTS_TOLD: u32 = 8;

/// Times a taken activity is offered back. After that its claim has run out: nobody renews it, and others take it.
pub(crate) const GIVE_BACK_ATTEMPTS_MAX: u32 = 8;

/// Times one work item may ask for a guest to be prepared: once for the pin, once more when a turn continued as a new
/// execution on a newer component.
pub(crate) const PREPARES_PER_WORK_ITEM_MAX: u32 = 3;

/// Instances known to wait for an orchestration that nobody offers; half a kilobyte each. Further ones wait all the same,
/// for the deployment that lets them go.
pub(crate) const WAITING_KNOWN_MAX: usize = 10_000;

/// An instance that takes over external events by continue-as-new is committed again once one in so many of them has had
/// its generation, or that many generations have passed. So the events written in all are about four for each that waits,
/// and a crash costs no more than a quarter of the work that is left.
pub(crate) const AHEAD_SHARE: usize = 4;

/// How long such an instance runs without a commit: what a reader of its status may wait, and what a crash may cost.
pub(crate) const AHEAD_MAX: Duration = Duration::from_secs(1);

/// How far such an instance may be ahead of the clock, which each of its work items moves on by the millisecond that
/// the engine has the next generation wait for.
pub(crate) const AHEAD_OF_CLOCK_MAX: Duration = Duration::from_millis(50);

/// Messages that wait for such a commit to leave, and log lines: receivers must not wait long, and the commit must stay of
/// a size that a backend expects.
pub(crate) const AHEAD_MESSAGES_MAX: usize = 256;

/// Panics over one instance after which it is loaded once more to be held: the load and the hold may fail the same way,
/// and a shard must not spend its time on that.
pub(crate) const PANICS_PER_INSTANCE_MAX: u32 = 3;

/// How far the clocks of a backend and of this host may disagree. A wake-up that is early by no more than this is
/// asked for again.
pub(crate) const CLOCK_SKEW_MAX: Duration = Duration::from_mins(1);

/// The first pause after a failure of storage, and the longest.
pub(crate) const STORAGE_BACKOFF_FIRST: Duration = Duration::from_millis(50);
/// See above; short enough that a host works again soon after its storage does.
pub(crate) const STORAGE_BACKOFF_MAX: Duration = Duration::from_secs(5);

/// The pauses after fetches that answered with nothing without waiting: keeps such a backend from spinning a core.
pub(crate) const EMPTY_FETCH_BACKOFF_FIRST: Duration = Duration::from_millis(1);
/// See above.
pub(crate) const EMPTY_FETCH_BACKOFF_MAX: Duration = Duration::from_millis(20);

/// Activities being offered to other hosts at the same time: enough to hide the backend's latency, few enough that most
/// of a burst is still here when capacity becomes free.
pub(crate) const OFFERS_AT_ONCE_MAX: usize = 32;

/// The pause before activities are asked for again after the last question was withdrawn: a host whose capacity is used
/// up and freed many times a second must not ask as often.
pub(crate) const TAKE_PAUSE: Duration = Duration::from_millis(20);

/// How long a shutdown waits for activities to be given back; their claims run out by themselves as well.
pub(crate) const GIVE_BACK_MAX: Duration = Duration::from_secs(10);

/// How long a shutdown waits for commits in flight; what hangs longer than this has an unknown outcome anyway.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(30);

/// Events of one span, as OpenTelemetry bounds them by default; the others are counted.
pub(crate) const SPAN_EVENTS_MAX: usize = 128;

/// Timers of one execution that have spans: the first ones. An orchestration that polls has thousands, all alike.
pub(crate) const SPAN_TIMERS_MAX: usize = 128;

/// What of a text that a guest or a client wrote goes into a span.
pub(crate) const SPAN_TEXT_BYTES_MAX: usize = 1024;
