//! What happened, line by line, for whoever has to find out why.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::time::SimClock;

/// Lines kept of a run; the earliest are of the least use.
const LINES_MAX: usize = 400_000;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Host(usize),
    Client,
    /// A message or a request that nobody waits for any more.
    Network,
    Chaos,
    Checker,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(number) => write!(f, "host-{number}"),
            Self::Client => f.write_str("client"),
            Self::Network => f.write_str("network"),
            Self::Chaos => f.write_str("chaos"),
            Self::Checker => f.write_str("checker"),
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    at_ms: u128,
    who: Who,
    text: String,
}

/// A trace, kept or not: a run is the same either way.
pub(crate) struct Trace {
    clock: SimClock,
    lines: Option<Mutex<Vec<Line>>>,
}

impl Trace {
    pub(crate) fn new(clock: SimClock, is_kept: bool) -> Self {
        Self { clock, lines: is_kept.then(Mutex::default) }
    }

    /// Notes a line, if somebody will read it.
    pub(crate) fn say(&self, who: Who, text: impl FnOnce() -> String) {
        let Some(lines) = &self.lines else { return };
        let line = Line { at_ms: self.clock.elapsed().as_millis(), who, text: text() };
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LINES_MAX {
            lines.push(line);
        }
    }

    /// All of it.
    pub(crate) fn render(&self) -> Vec<String> {
        self.rendered(|_| true)
    }

    /// The last lines that concern an instance, and those that concern everybody.
    pub(crate) fn tail(&self, instance: &str, max: usize) -> Vec<String> {
        // Children bear the id of their root in front, or a tag that only the engine reads.
        let root = instance.split('.').next().unwrap_or(instance);
        let concerns =
            |line: &Line| line.who == Who::Chaos || line.text.contains(instance) || mentions(&line.text, root);
        let lines = self.rendered(concerns);
        let skipped = lines.len().saturating_sub(max);
        lines.into_iter().skip(skipped).collect()
    }

    fn rendered(&self, is_wanted: impl Fn(&Line) -> bool) -> Vec<String> {
        let Some(lines) = &self.lines else { return Vec::new() };
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|line| is_wanted(line)).map(ToString::to_string).collect()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at_ms, who, text } = self;
        write!(f, "{:>9}.{:03}  {:<8} {text}", at_ms / 1_000, at_ms % 1_000, who.to_string())
    }
}

/// Whether a text names an instance, and not only one whose id begins with the same letters.
fn mentions(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(at, _)| {
        let is_word = |character: char| character.is_ascii_alphanumeric();
        !text[..at].ends_with(is_word) && !text[at + id.len()..].starts_with(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_not_mentioned_by_a_longer_one() {
        assert!(mentions("commit i1 of 3", "i1") && mentions("i1.a.0 begins", "i1"));
        assert!(!mentions("commit i12", "i1") && !mentions("xi1", "i1"));
    }
}
