//! Orchestrations as data: what is run, and what must come of it.

pub(crate) mod expect;
pub(crate) mod generate;
pub(crate) mod guest;
pub(crate) mod odd;

/// Something that a step does, and waits for unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// An activity.
    Run(Activity),
    /// An activity that fails until somebody has mended what is broken and rewinds; its failure fails the orchestration.
    Mend,
    /// A timer of so many milliseconds.
    Sleep(u64),
    /// A child that runs a program; its failure is told like a result.
    Child { program: String, is_detached: bool, has_own_id: bool },
    /// An external event.
    Await(String),
    /// An external event or a timer, whatever comes first; the other is canceled.
    Race(String, u64),
    /// An external event and something that it competes with. An event that has lost is waited for once more, so nothing
    /// ends if it is gone.
    Contend(String, Rival),
    /// An event for the parent. Without a parent it goes to an instance that does not exist.
    Tell(String),
}

/// What an event competes with; whatever comes later is canceled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rival {
    Event(String),
    /// Milliseconds.
    Timer(u64),
    Activity(Activity),
}

/// What an activity does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Activity {
    pub(crate) name: String,
    /// Virtual milliseconds.
    pub(crate) takes_ms: u64,
    /// Bytes of its output, its name aside.
    pub(crate) bytes: usize,
    /// Attempts that fail before one succeeds.
    pub(crate) failures: u32,
    /// Attempts that the retry policy allows; 1: there is none.
    pub(crate) attempts: u32,
}

/// An orchestration: steps one after the other, what is in a step side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Vec<Op>>,
    /// How often it runs, each time as a new execution.
    pub(crate) generations: u32,
    /// Whether every step sets the custom status.
    pub(crate) shows_steps: bool,
    /// Bytes that the next execution's input is filled up with.
    pub(crate) input_bytes: usize,
    /// Bytes that the output is filled up with.
    pub(crate) output_bytes: usize,
}

/// The retry policy of activities.
pub(crate) const RETRY_FIRST_MS: u64 = 2_000;

/// The kind of failure that a rewind is meant for.
pub(crate) const BROKEN: &str = "broken";

/// The kind of failure of an activity that fails a few times.
pub(crate) const FLAKY: &str = "flaky";

/// Text that does not compress to nothing, the same for the same arguments.
pub(crate) fn filling(bytes: usize, salt: u64) -> String {
    let mut rng = fastrand::Rng::with_seed(salt ^ bytes as u64);
    (0..bytes).map(|_| rng.lowercase()).collect()
}

/// A text, or what stands for a long one.
pub(crate) fn shown(text: &str) -> String {
    if text.len() <= 64 {
        return text.to_owned();
    }
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{}:{hash:x}", text.len())
}

impl Activity {
    /// Its input, which says it all.
    pub(crate) fn input(&self) -> String {
        let Self { name: _, takes_ms, bytes, failures, attempts: _ } = self;
        format!("{takes_ms} {bytes} {failures}")
    }

    /// What it answers with, but for what tells one run from another.
    pub(crate) fn output(name: &str, bytes: usize) -> String {
        format!("{name}{}", filling(bytes, name.len() as u64))
    }
}
