//! The rules by which a history is read, as a number.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder};

/// Which rules an execution's history follows, and which events may stand in it.
///
/// `ExecutionStarted` records it, so that a later build reads an old history by the rules that wrote it: a change of what
/// a history means to its guest, or a new kind of event, begins a new revision and asks for it. Continue-as-new moves an
/// instance to the newest one. Where hosts of several builds share a task hub, new executions get the oldest of the
/// revisions that those hosts know ([`EngineRevision::NEWEST`] of each).
///
/// | Revision | Since then |
/// |---|---|
/// | 0 | Histories that do not say. |
/// | 1 | The revision is recorded. A cancel of a wait that is settled gives its event back. A rewind begins where the cause of the failure became known. |
///
/// Persisted as its number; 0 is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EngineRevision(pub u32);

impl EngineRevision {
    /// The rules of histories that name none.
    pub const OLDEST: Self = Self(0);

    /// The newest rules this build knows. It reads all older ones, and leaves histories of newer ones alone.
    pub const NEWEST: Self = Self(1);

    /// Whether a wait that was told of an event gives it back when it is canceled.
    pub(crate) fn gives_events_back(self) -> bool {
        self >= Self(1)
    }

    /// Whether a rewind voids turns, from the one on that was told of what the execution failed of.
    pub(crate) fn rewinds_to_the_cause(self) -> bool {
        self >= Self(1)
    }

    /// Whether this build knows these rules.
    pub fn is_known(self) -> bool {
        self <= Self::NEWEST
    }
}

impl fmt::Display for EngineRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EngineRevision {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl<C> Encode<C> for EngineRevision {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u32(self.0)?.ok()
    }

    fn is_nil(&self) -> bool {
        *self == Self::OLDEST
    }
}

impl<'b, C> Decode<'b, C> for EngineRevision {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.u32().map(Self)
    }

    fn nil() -> Option<Self> {
        Some(Self::OLDEST)
    }
}
