//! Promises broken on purpose, to see each checker fire.

/// What is broken in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sabotage {
    /// Commits are acknowledged and dropped.
    DropsCommits,
    /// Storage does not compare versions.
    NoVersionCheck,
    /// Rows of instances that have ended are replaced by what they were before.
    ResurrectsRows,
    /// Rows lose their output.
    ForgetsOutputs,
    /// Activities begin before the turn that schedules them is committed.
    EagerActivities,
    /// Results are changed on their way into the history.
    ForgesResults,
    /// Activities answer with something else than their program expects.
    WrongResults,
    /// External events are handed out again under another key.
    RepeatsEvents,
    /// Waits that lose a race in the turn in which they are settled keep their events.
    KeepsLosers,
    /// Continue-as-new takes no events over.
    DropsWaiting,
    /// Messages no longer say which execution they are for.
    ForgetsAddressees,
    /// Nobody hears that a child is gone.
    HidesGoneChildren,
    /// What is started with nobody to wait for it is not sent.
    LosesDetached,
    /// A purge takes every blob that begins with the id for its own.
    PurgesAlike,
    /// Messages are acknowledged and not sent.
    LosesMessages,
    /// Deletions of messages are acknowledged and not done.
    KeepsMessages,
    /// Deletions of blobs are acknowledged and not done.
    KeepsBlobs,
    /// Renewals of messages are acknowledged, and hide them for good.
    KeepsLeases,
    /// A run may make no request.
    NoPatience,
    /// No component can be loaded.
    NoComponent,
    /// Guests decide otherwise when they are replayed elsewhere.
    Nondeterminism,
    /// A shard's thread panics.
    Panics,
}
