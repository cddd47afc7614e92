//! From when on what this host has in hand of a partition counts.

use store::MessageId;

use super::State;

/// The time since this host forgot a partition last, told by numbers that only grow. What was handed out in an earlier
/// term was forgotten with everything else, and comes anew, be it to this host: nothing may be committed on top of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Term {
    /// No message of an earlier term has this number, or a greater one.
    pub(crate) first_message: MessageId,
    /// The same of this process's commits.
    pub(crate) first_commit: u64,
}

impl Term {
    /// Before anything was forgotten.
    pub(crate) const FIRST: Self = Self { first_message: MessageId(0), first_commit: 0 };
}

impl State {
    /// The current term of a partition.
    pub(crate) fn term(&self, partition: u8) -> Term {
        self.terms.get(&partition).copied().unwrap_or(Term::FIRST)
    }

    /// Whether a turn of a partition rests on nothing that was forgotten: neither what was loaded, in the term that began
    /// with the message `first_message`, nor the messages that it consumes.
    pub(crate) fn is_of_this_term(&self, partition: u8, first_message: MessageId, consumed: &[MessageId]) -> bool {
        let term = self.term(partition);
        term.first_message == first_message && consumed.iter().all(|id| *id >= term.first_message)
    }
}
