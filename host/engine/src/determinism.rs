//! Replay against history.

use std::fmt;

use crate::EventId;

/// A guest decided otherwise than the history says. Both sides are shown; the history is untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nondeterminism {
    /// Where: the recorded event, or the position after the last one of its turn.
    pub at: EventId,
    /// What the history says, in the text form of histories; none: nothing more in that turn.
    pub recorded: Option<String>,
    /// What the guest decided, in the same form; none: nothing more in that turn.
    pub produced: Option<String>,
}

impl fmt::Display for Nondeterminism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(
            f,
            "nondeterminism at event {}: the history recorded {}, the component decided {}",
            self.at,
            side(&self.recorded),
            side(&self.produced)
        )
    }
}
